import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pg from 'pg'
import { type Ended, runCommand } from '../../test/command.ts'
import { createPasswords } from '../accounts/sign-in/password.ts'
import { defer } from '../testing/defer.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { testDatabase } from '../testing/test-database.ts'

const scope = { after }
const { adminUrl, appUrl } = await testDatabase(scope)
const dataDir = await temporaryFolder(scope)
const owner = new pg.Client({ connectionString: adminUrl, options: '-c search_path=roundhouse' })
await owner.connect()
defer(scope, () => owner.end())

function run(...args: string[]): Promise<Ended> {
  return runCommand(args, { env: { DATABASE_URL: appUrl, DATA_DIR: dataDir } })
}

async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args)
  assert.equal(code, 0, stderr)
  return stdout
}

async function fail(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args)
  assert.equal(code, 1, stdout)
  return stderr
}

async function rows(statement: string): Promise<Record<string, unknown>[]> {
  return (await owner.query(statement)).rows
}

test('the operator makes, changes and bans users beside a running server', async () => {
  const made = await succeed('users', 'create', 'Ann@Example.com', '--name', 'Ann', '--admin')
  assert.match(made, /^ann@example.com is an administrator, with the id [0-9a-f-]{36}\.$/m)
  const password = /shown this once: (\S{24})$/m.exec(made)?.[1] ?? ''
  const [identity] = await rows(
    'select provider_id, account_id = user_id::text as own, password from identities',
  )
  assert.deepEqual([identity?.provider_id, identity?.own], ['credential', true])
  assert.ok(await createPasswords().verify({ hash: String(identity?.password), password }))

  await succeed('users', 'create', 'bob@example.com')
  assert.match(await fail('users', 'create', 'ann@example.com', '--name', 'Other'), /already/)
  assert.match(await fail('users', 'role', 'ann@example.com', 'member'), /last administrator/)
  assert.match(await fail('users', 'plan', 'bob@example.com', 'gold'), /free, pro, unlimited/)
  assert.match(await fail('users', 'set-password', 'carl@example.com'), /no user carl@example.com/)
  await succeed('users', 'role', 'bob@example.com', 'admin')
  await succeed('users', 'ban', 'bob@example.com')
  const [bob, ann] = (await succeed('users', 'list')).trimEnd().split('\n')
  assert.match(bob ?? '', /\tbob@example.com\tadmin member\tfree\tbanned$/)
  assert.match(ann ?? '', /\tann@example.com\tadmin member\tunlimited$/)

  const again = await succeed('users', 'set-password', 'ann@example.com')
  const newPassword = /shown this once: (\S{24})$/m.exec(again)?.[1] ?? ''
  const [changed] = await rows(
    `select password from identities join users on users.id = user_id where name = 'Ann'`,
  )
  assert.ok(await createPasswords().verify({ hash: String(changed?.password), password: newPassword }))

  const entries = await rows('select actor, action from audit_entries order by seq')
  assert.deepEqual(
    entries.map(({ actor, action }) => `${actor} ${action}`),
    [
      'system user-create',
      'system user-create',
      'system user-roles',
      'system user-update',
      'system user-password',
    ],
  )
})

test('the operator grants credits and takes back what is left of them', async () => {
  const before = Number(
    (
      await rows(
        `select balance from credit_accounts join users on users.id = user_id where email = 'bob@example.com'`,
      )
    )[0]?.balance,
  )
  assert.equal(
    await succeed('users', 'credits', 'bob@example.com', '500', '--reason', 'welcome'),
    `bob@example.com has ${before + 500} credits, 0 of them held for work under way.\n`,
  )
  assert.match(
    await succeed('users', 'credits', 'bob@example.com', '--', '-200'),
    new RegExp(` ${before + 300} `),
  )
  assert.match(await fail('users', 'credits', 'bob@example.com', '--', `${-before - 301}`), /not so many/)
  assert.match(await fail('users', 'credits', 'bob@example.com', '0'), /Nothing to grant/)
  assert.match(await fail('users', 'credits', 'bob@example.com', 'many'), /not accepted/)
  assert.match(await fail('users', 'credits', 'carl@example.com', '1'), /no user carl@example.com/)
  const entries = await rows(
    `select amount, reason from credit_entries where account = 'user' and reason <> 'plan-start' order by id`,
  )
  assert.deepEqual(entries, [
    { amount: '500', reason: 'welcome' },
    { amount: '-200', reason: 'grant' },
  ])
  const audit = await rows(`select details from audit_entries where action = 'credit-grant' order by seq`)
  assert.deepEqual(audit, [
    { details: { amount: 500, reason: 'welcome' } },
    { details: { amount: -200, reason: 'grant' } },
  ])
})

test('the operator makes keys of users and of the house, and revokes them', async () => {
  const house = await run(
    'keys',
    'create',
    '--name',
    'ci',
    '--scopes',
    'predict,read',
    '--expires-days',
    '30',
  )
  assert.equal(house.code, 0, house.stderr)
  assert.match(house.stdout, /^rh_[\w-]{43}\n$/)
  assert.match(house.stderr, /of the house for predict, read until 20/)
  const own = await succeed('keys', 'create', '--user', 'bob@example.com')
  const known = await rows(`select users.email, scopes from api_keys left join users on users.id = user_id
    where hash in (sha256('${house.stdout.trim()}'), sha256('${own.trim()}')) order by api_keys.id`)
  assert.deepEqual(known, [
    { email: null, scopes: ['predict', 'read'] },
    { email: 'bob@example.com', scopes: ['predict', 'agents', 'files', 'read'] },
  ])
  assert.match(await fail('keys', 'create', '--scopes', 'everything'), /everything.*predict/)

  const listed = await succeed('keys', 'list')
  assert.match(listed, /^[0-9a-f-]{36}\trh_\S+…\tci\tpredict,read\tuntil 20\S+\n$/)
  const id = listed.split('\t', 1)[0] ?? ''
  await succeed('keys', 'revoke', id)
  const left = await rows('select user_id is null as house from api_keys where revoked_at is null')
  assert.deepEqual(left, [{ house: false }])
  const [entry] = await rows('select actor, action, target from audit_entries order by seq desc limit 1')
  assert.deepEqual(entry, { actor: 'system', action: 'key-revoke', target: id })
})

test('the doctor checks the audit log and names the first entry that was changed', async () => {
  const [newest] = await rows(
    `select seq, encode(hash, 'hex') as hash from audit_entries order by seq desc limit 1`,
  )
  assert.ok(
    (await succeed('doctor')).includes(`ok    audit log: holds up to entry ${newest?.seq}, ${newest?.hash}`),
  )
  await owner.query(`update audit_entries set target = 'someone else' where seq = 2`)
  const { code, stdout } = await run('doctor')
  assert.equal(code, 1)
  assert.match(stdout, /^FAIL {2}audit log: entry 2 is not what was written/m)
})
