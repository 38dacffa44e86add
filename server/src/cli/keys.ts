import { scope } from '@roundhouse/sdk/contract'
import { createKeys, type Keys } from '../accounts/keys.ts'
import type { AccountTables } from '../accounts/store.ts'
import { createOperator } from '../admin/operator.ts'
import type { AdminTables } from '../admin/store.ts'
import { isUuid } from '../admin/users.ts'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import { readConfig } from '../start/config.ts'
import { withMigratedDatabase } from './with-database.ts'

type CreateOptions = { user?: string; name?: string; scopes?: string; expiresDays?: string }

const dayMs = 86_400_000

/** The key alone goes to standard output, so that it can be piped to where it is kept; it is shown this once. */
export async function keysCreateCommand(options: CreateOptions): Promise<void> {
  const scopes = readScopes(options.scopes)
  const expiresAt = readExpiry(options.expiresDays)
  await withKeys(async ({ keys, idOf }) => {
    const name = options.name ?? 'command line'
    const { row, key } = await keys.createFor(await idOf(options.user), { name, scopes, expiresAt })
    const until = row.expires_at === null ? '' : ` until ${row.expires_at.toISOString()}`
    console.error(`Key ${row.id} of ${options.user ?? 'the house'} for ${row.scopes.join(', ')}${until}:`)
    console.log(key)
  })
}

/** One line per key, newest first: those of the user, else those of the house. */
export function keysListCommand({ user }: { user?: string }): Promise<void> {
  return withKeys(async ({ keys, idOf }) => {
    for (const row of await keys.listFor(await idOf(user))) {
      const until = row.expires_at === null ? 'no end' : `until ${row.expires_at.toISOString()}`
      console.log(`${row.id}\t${row.prefix}…\t${row.name}\t${row.scopes.join(',')}\t${until}`)
    }
  })
}

export async function keysRevokeCommand(id: string): Promise<void> {
  if (!isUuid(id)) throw new Error(`"${id}" is not the id of a key. \`roundhouse keys list\` shows them.`)
  await withKeys(async ({ keys }) => {
    await keys.revoke('system', id)
    console.log(`Key ${id} is revoked, everywhere within 5 seconds.`)
  })
}

async function withKeys(
  work: (rooms: { keys: Keys; idOf(user: string | undefined): Promise<string | null> }) => Promise<void>,
): Promise<void> {
  const config = readConfig(process.env)
  const ids = createIds()
  // A running server reads every key again within 5 seconds.
  const nothing = async () => {}
  await withMigratedDatabase<AccountTables & AdminTables, void>({ config, log: silentLog }, database => {
    const operator = createOperator({ database, ids, changed: nothing })
    return work({
      keys: createKeys({ database, ids, clock: systemClock, revoked: nothing }),
      idOf: async user => (user === undefined ? null : (await operator.find(user)).id),
    })
  })
}

function readScopes(text: string | undefined) {
  return text?.split(',').map(name => {
    const result = scope.safeParse(name.trim())
    if (!result.success)
      throw new Error(
        `--scopes: "${name}" is none. Choose of ${scope.options.join(', ')}, with commas between.`,
      )
    return result.data
  })
}

function readExpiry(days: string | undefined): Date | null {
  if (days === undefined) return null
  const number = Number(days)
  if (!(number > 0 && number <= 36_500)) throw new Error(`--expires-days is a number above 0, got "${days}".`)
  return new Date(systemClock.now() + number * dayMs)
}
