import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { accountsDatabase, program, signInRoom } from '../../testing/sign-in.ts'

const password = 'correct horse battery staple'

function codeOf(error: unknown): string {
  return error instanceof Problem ? error.code : String(error)
}

test('the link of the first start makes one administrator, of 100 calls at once to two replicas', async t => {
  const database = await accountsDatabase(t)
  const replicas = [signInRoom(database), signInRoom(database)]
  const [one, two] = replicas
  assert.ok(one && two)
  assert.equal(one.setupToken, two.setupToken)
  assert.match(one.setupToken, /^[\w-]{43}$/)
  assert.deepEqual(await one.options(), { sign_up: 'open', github: false, needs_setup: true })

  const results = await Promise.allSettled(
    Array.from({ length: 100 }, (_, index) => {
      const room = index % 2 ? one : two
      const email = `admin${index}@example.com`
      return room.setUp({ token: room.setupToken, email, password, name: 'Admin' }, program)
    }),
  )
  const made = results.filter(result => result.status === 'fulfilled')
  assert.equal(made.length, 1)
  for (const result of results)
    if (result.status === 'rejected') assert.equal(codeOf(result.reason), 'forbidden')

  const { rows } = await sql<{ email: string; plan: string; roles: string[] }>`
    select email, plan, array(select role from user_roles where user_id = id order by role) as roles
    from users`.execute(database.system)
  assert.equal(rows.length, 1)
  assert.deepEqual(rows[0] && [rows[0].plan, rows[0].roles], ['unlimited', ['admin', 'member']])
  assert.equal(await one.needsSetup(), false)
  assert.equal(await two.needsSetup(), false)
  const audit = await sql<{ action: string }>`select action from audit_entries`.execute(database.system)
  assert.deepEqual(audit.rows, [{ action: 'setup-first-admin' }])

  const body = made[0]?.value.body
  assert.ok(typeof body === 'object' && body && 'token' in body && typeof body.token === 'string')
  assert.ok(await one.sessionOf(body.token))
})

test('without the token of this very server nobody becomes administrator', async t => {
  const database = await accountsDatabase(t)
  const room = signInRoom(database)
  const other = signInRoom(database, { secretKey: 'another-key-for-tests-of-more-than-32-characters' })
  const given = { email: 'mallory@example.com', password, name: 'Mallory' }
  for (const token of ['', 'x', other.setupToken, `${room.setupToken} `, room.setupToken.slice(1)])
    await assert.rejects(room.setUp({ ...given, token }, program), error => codeOf(error) === 'forbidden')
  assert.equal(await room.needsSetup(), true)
})

test('an address that has an account is refused, and the link stays good', async t => {
  const database = await accountsDatabase(t)
  const room = signInRoom(database)
  const given = { email: 'ada@example.com', password, name: 'Ada' }
  await room.signUp(given, program)
  const token = room.setupToken
  await assert.rejects(room.setUp({ ...given, token }, program), error => codeOf(error) === 'conflict')
  assert.equal(await room.needsSetup(), true)
  await room.setUp({ ...given, token, email: 'admin@example.com' }, program)
  assert.equal(await room.needsSetup(), false)
})
