import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import {
  email as emailSchema,
  grantCredits,
  label,
  password as passwordSchema,
  role as roleSchema,
} from '@roundhouse/sdk/contract'
import type { z } from 'zod'
import { createPasswords } from '../accounts/sign-in/password.ts'
import { adminPlan } from '../accounts/sign-in/setup.ts'
import { createOperator, type Operator } from '../admin/operator.ts'
import type { AdminTables } from '../admin/store.ts'
import { createUsers, type Users } from '../admin/users.ts'
import { type Credits, createCredits } from '../credits/credits.ts'
import type { CreditTables } from '../credits/store.ts'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import { readConfig } from '../start/config.ts'
import type { Config } from '../start/settings.ts'
import { withMigratedDatabase } from './with-database.ts'

type PasswordOptions = { passwordStdin?: boolean }

const pageSize = 100

/** One line per user, newest first. */
export function usersListCommand({ search }: { search?: string }): Promise<void> {
  return withUsers(async ({ users }) => {
    for (let before: Parameters<Users['list']>[1]['before']; ; ) {
      const rows = await users.list('system', { search, before, limit: pageSize })
      for (const { user } of rows) {
        const state = user.banned_at === null ? '' : '\tbanned'
        console.log(`${user.id}\t${user.email ?? '-'}\t${user.roles.join(' ')}\t${user.plan}${state}`)
      }
      before = rows.at(-1)?.position
      if (rows.length < pageSize) return
    }
  })
}

/** Makes a user who signs in with a password, which is printed unless it was given. */
export async function usersCreateCommand(
  address: string,
  options: PasswordOptions & { name?: string; admin?: boolean },
): Promise<void> {
  const email = read(emailSchema, address, 'The e-mail address')
  const name = read(label(100), options.name ?? email.split('@', 1)[0], 'The name')
  const password = await readPassword(options)
  await withUsers(async ({ operator, config }) => {
    const user = await operator.createUser({
      email,
      name,
      plan: options.admin ? adminPlan : config.DEFAULT_PLAN,
      admin: options.admin ?? false,
      passwordHash: await createPasswords().hash(password),
    })
    console.log(`${email} is ${options.admin ? 'an administrator' : 'a member'}, with the id ${user.id}.`)
    if (!options.passwordStdin) console.log(`Password, shown this once: ${password}`)
  })
}

/** An e-mail address or an id, and the role to have: every administrator is a member too. */
export async function usersRoleCommand(emailOrId: string, name: string): Promise<void> {
  const role = read(roleSchema, name, 'The role')
  await withUsers(async ({ users, operator }) => {
    const { id } = await operator.find(emailOrId)
    await users.setRoles('system', id, [role])
    console.log(`${emailOrId} is ${role === 'admin' ? 'an administrator' : 'a member'}.`)
  })
}

export function usersPlanCommand(emailOrId: string, plan: string): Promise<void> {
  return change(emailOrId, { plan }, `has the plan ${plan}`)
}

export async function usersCreditsCommand(
  emailOrId: string,
  credits: string,
  options: { reason: string },
): Promise<void> {
  const { amount, reason } = read(
    grantCredits,
    { amount: Number(credits), reason: options.reason },
    'The amount or the reason',
  )
  await withUsers(async ({ credits, operator }) => {
    const { id } = await operator.find(emailOrId)
    const { balance, held } = await credits.grant('system', id, amount, reason)
    console.log(`${emailOrId} has ${balance} credits, ${held} of them held for work under way.`)
  })
}

export function usersBanCommand(emailOrId: string): Promise<void> {
  return change(emailOrId, { banned: true }, 'is banned, everywhere within 5 seconds')
}

export function usersUnbanCommand(emailOrId: string): Promise<void> {
  return change(emailOrId, { banned: false }, 'may sign in again')
}

export function usersRevokeCommand(emailOrId: string): Promise<void> {
  return withUsers(async ({ users, operator }) => {
    const { id } = await operator.find(emailOrId)
    const { sessions, keys } = await users.revoke('system', id)
    console.log(`Ended ${sessions} sessions and ${keys} keys of ${emailOrId}.`)
  })
}

export async function usersSetPasswordCommand(emailOrId: string, options: PasswordOptions): Promise<void> {
  const password = await readPassword(options)
  await withUsers(async ({ operator }) => {
    const { id } = await operator.find(emailOrId)
    await operator.setPassword(id, await createPasswords().hash(password))
    console.log(`${emailOrId} has a new password and is signed out everywhere.`)
    if (!options.passwordStdin) console.log(`Password, shown this once: ${password}`)
  })
}

function change(
  emailOrId: string,
  what: { plan?: string; banned?: boolean },
  sentence: string,
): Promise<void> {
  return withUsers(async ({ users, operator }) => {
    const { id } = await operator.find(emailOrId)
    await users.update('system', id, what)
    console.log(`${emailOrId} ${sentence}.`)
  })
}

async function withUsers(
  work: (rooms: { users: Users; operator: Operator; credits: Credits; config: Config }) => Promise<void>,
): Promise<void> {
  const config = readConfig(process.env)
  // A running server reads everyone's rights again within 5 seconds.
  const changed = async () => {}
  await withMigratedDatabase<AdminTables & CreditTables, void>({ config, log: silentLog }, database =>
    work({
      config,
      users: createUsers({ database, changed }),
      credits: createCredits({ database, clock: systemClock, log: silentLog }),
      operator: createOperator({ database, ids: createIds(), changed }),
    }),
  )
}

/** 24 characters of 18 random bytes when none is given. */
async function readPassword({ passwordStdin }: PasswordOptions): Promise<string> {
  if (!passwordStdin) return randomBytes(18).toString('base64url')
  return read(passwordSchema, (await text(process.stdin)).replace(/\r?\n$/, ''), 'The password')
}

function read<Value>(schema: z.ZodType<Value>, value: unknown, what: string): Value {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new Error(`${what} is not accepted: ${result.error.issues[0]?.message}.`)
}
