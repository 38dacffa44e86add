import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Problem, type Role } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { keep } from '../../testing/browser.ts'
import { accountsDatabase, program, signInRoom } from '../../testing/sign-in.ts'
import { turnedClock } from '../../testing/turned-clock.ts'
import { until } from '../../testing/until.ts'
import { type Caller, serviceCaller } from '../caller.ts'
import type { Answer, SignIn } from './sign-in.ts'

const database = await accountsDatabase({ after })
const password = 'correct horse battery staple'
const hourMs = 3_600_000
const dayMs = 24 * hourMs

function tokenOf({ body }: Answer): string {
  assert.ok(typeof body === 'object' && body !== null && 'token' in body && typeof body.token === 'string')
  return body.token
}

async function callerOf(room: SignIn, token: string): Promise<Caller> {
  const session = await room.sessionOf(token)
  assert.ok(session)
  const { sessionId, userId } = session
  return { ...serviceCaller(sessionId), role: 'member', userId, kind: 'session' }
}

async function problemOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof Problem, `a problem was expected, got ${String(error)}`)
  return { code: error.code, message: error.message }
}

async function usersWith(email: string): Promise<{ id: string; plan: string; roles: Role[] }[]> {
  const { rows } = await sql<{ id: string; plan: string; roles: Role[] }>`
    select id, plan, array(select role from user_roles where user_id = users.id order by role) as roles
    from users where email = ${email}`.execute(database.system)
  return rows
}

async function auditOf(action: string): Promise<{ target: string; actor: string }[]> {
  const { rows } = await sql<{ target: string; actor: string }>`
    select target, actor from audit_entries where action = ${action} order by seq`.execute(database.system)
  return rows
}

test('whoever signs up has an account on the default plan, and is signed in by token and by cookie', async () => {
  const room = signInRoom(database, { defaultPlan: 'pro' })
  const answer = await room.signUp({ email: 'ada@example.com', password, name: 'Ada' }, program)
  const [user] = await usersWith('ada@example.com')
  assert.deepEqual(user && { plan: user.plan, roles: user.roles }, { plan: 'pro', roles: ['member'] })

  const token = tokenOf(answer)
  assert.equal((await room.sessionOf(token))?.userId, user?.id)
  const jar = new Map<string, string>()
  keep(jar, answer.cookies)
  const header = [...jar].map(pair => pair.join('=')).join('; ')
  assert.equal(room.sessionTokenFromCookie(header), token)

  const { body } = await room.current({ token, isCookie: false })
  assert.ok(typeof body === 'object' && body && 'user' in body)
  assert.deepEqual(body.user, { id: user?.id, email: 'ada@example.com', name: 'Ada', image: null })
})

test('the database holds neither the token of a session nor the password', async () => {
  const room = signInRoom(database)
  const answer = await room.signUp({ email: 'bob@example.com', password, name: 'Bob' }, program)
  const { rows } = await sql<{ text: string }>`
    select coalesce(sessions::text, '') || coalesce(identities::text, '') as text
    from users join sessions on sessions.user_id = users.id join identities on identities.user_id = users.id
    where email = 'bob@example.com'`.execute(database.system)
  assert.equal(rows.length, 1)
  assert.match(rows[0]?.text ?? '', /192\.0\.2\.7.*test-program.*scrypt\$/)
  assert.ok(!rows[0]?.text.includes(tokenOf(answer)))
  assert.ok(!rows[0]?.text.includes(password))
})

test('a wrong password, an unknown user and what is no address are refused in the same words', async () => {
  const room = signInRoom(database)
  await room.signUp({ email: 'carol@example.com', password, name: 'Carol' }, program)
  const wrong = await problemOf(room.withPassword({ email: 'carol@example.com', password: 'wrong' }, program))
  assert.equal(wrong.code, 'invalid-credentials')
  for (const email of ['nobody@example.com', 'no address', 'a\0b@example.com'])
    assert.deepEqual(await problemOf(room.withPassword({ email, password: 'wrong' }, program)), wrong)
  const long = { email: 'carol@example.com', password: 'x'.repeat(500) }
  assert.deepEqual(await problemOf(room.withPassword(long, program)), wrong)
  const right = await room.withPassword({ email: 'Carol@Example.com', password }, program)
  assert.ok(await room.sessionOf(tokenOf(right)))
})

test('sign-up with a taken address is a sign-in: refused as one, and changes nothing', async () => {
  const room = signInRoom(database)
  const email = 'dora@example.com'
  await room.signUp({ email, password, name: 'Dora' }, program)
  const wrong = await problemOf(room.withPassword({ email, password: 'something else' }, program))
  const taken = room.signUp({ email, password: 'something else', name: 'Mallory' }, program)
  assert.deepEqual(await problemOf(taken), wrong)
  // Whose answer was lost may ask again.
  assert.ok(tokenOf(await room.signUp({ email, password, name: 'Dora' }, program)))
  assert.equal((await usersWith(email)).length, 1)
})

test('of many sign-ups with one address at once one account comes', async () => {
  const room = signInRoom(database)
  const email = 'twins@example.com'
  await Promise.allSettled(
    ['one', 'two', 'three'].map(name =>
      room.signUp({ email, password: `${password} ${name}`, name }, program),
    ),
  )
  assert.equal((await usersWith(email)).length, 1)
})

test('a throttled try does no work', async () => {
  const room = signInRoom(database, {
    attempt() {
      throw new Problem('rate-limited', 'Too many.', { retryAfterSeconds: 60 })
    },
  })
  const given = { email: 'eve@example.com', password, name: 'Eve' }
  assert.equal((await problemOf(room.signUp(given, program))).code, 'rate-limited')
  assert.equal((await problemOf(room.withPassword(given, program))).code, 'rate-limited')
  assert.deepEqual(await usersWith('eve@example.com'), [])
})

test('a suspended account is told so only after the right password', async () => {
  const room = signInRoom(database)
  const email = 'frank@example.com'
  await room.signUp({ email, password, name: 'Frank' }, program)
  await sql`update users set banned_at = now() where email = ${email}`.execute(database.system)
  const wrong = await problemOf(room.withPassword({ email, password: 'wrong' }, program))
  assert.equal(wrong.code, 'invalid-credentials')
  assert.equal((await problemOf(room.withPassword({ email, password }, program))).code, 'forbidden')
})

test('where sign-up is closed nobody signs up, and where it needs an invitation nobody without', async () => {
  const given = { email: 'gina@example.com', password, name: 'Gina' }
  for (const signUp of ['closed', 'invitation'] as const)
    assert.equal(
      (await problemOf(signInRoom(database, { signUp }).signUp(given, program))).code,
      'sign-up-refused',
    )
  assert.deepEqual(await usersWith('gina@example.com'), [])
})

test('an invitation makes one account, for its address and with its role, within 7 days', async () => {
  const clock = turnedClock(Date.now())
  const room = signInRoom(database, { signUp: 'invitation', clock })
  const admin = serviceCaller('test')
  const { invitation, token } = await room.invitations.create(admin, {
    email: 'hugo@example.com',
    role: 'admin',
  })
  const signUp = (email: string, code = token) =>
    room.signUp({ email, password, name: 'Hugo', invitation: code }, program)

  assert.equal((await problemOf(signUp('ivan@example.com'))).code, 'sign-up-refused')
  assert.equal((await problemOf(signUp('hugo@example.com', `${token}x`))).code, 'sign-up-refused')
  clock.turn(7 * dayMs)
  assert.equal((await problemOf(signUp('hugo@example.com'))).code, 'sign-up-refused')
  clock.turn(-1000)
  await signUp('hugo@example.com')
  const [user] = await usersWith('hugo@example.com')
  assert.deepEqual(user?.roles, ['admin', 'member'])
  // Used, it tells nothing of the account.
  const again = room.signUp(
    { email: 'hugo@example.com', password: 'other password', name: 'X', invitation: token },
    program,
  )
  assert.equal((await problemOf(again)).code, 'sign-up-refused')
  assert.deepEqual(await usersWith('ivan@example.com'), [])

  const listed = (await room.invitations.list(admin)).find(row => row.id === invitation.id)
  assert.ok(listed?.used_at)
  assert.ok(
    (await auditOf('invitation-create')).some(
      entry => entry.target === invitation.id && entry.actor === 'service',
    ),
  )
})

test('an invitation that was taken back is worth nothing, and members see none', async () => {
  const room = signInRoom(database, { signUp: 'invitation' })
  const admin = serviceCaller('test')
  const { invitation, token } = await room.invitations.create(admin, {
    email: 'jane@example.com',
    role: 'member',
  })
  const member: Caller = { ...admin, role: 'member', userId: invitation.id, kind: 'session' }
  assert.deepEqual(await room.invitations.list(member), [])
  assert.equal((await problemOf(room.invitations.remove(member, invitation.id))).code, 'resource-not-found')
  await assert.rejects(room.invitations.create(member, { email: 'x@example.com', role: 'admin' }))
  await room.invitations.remove(admin, invitation.id)
  const given = { email: 'jane@example.com', password, name: 'Jane', invitation: token }
  assert.equal((await problemOf(room.signUp(given, program))).code, 'sign-up-refused')
  assert.deepEqual(
    (await auditOf('invitation-remove')).map(entry => entry.target),
    [invitation.id],
  )
})

test('a page of another site signs nobody in, unless it is configured', async () => {
  const room = signInRoom(database, { trustedOrigins: ['https://app.example.com'] })
  const given = { email: 'karl@example.com', password, name: 'Karl' }
  const from = (headers: Record<string, string>) => ({ ...program, headers })
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://app.example.com.evil.example' },
    { 'sec-fetch-site': 'cross-site' },
  ]) {
    assert.equal((await problemOf(room.signUp(given, from(headers)))).code, 'cross-site')
    assert.equal((await problemOf(room.withPassword(given, from(headers)))).code, 'cross-site')
  }
  assert.deepEqual(await usersWith('karl@example.com'), [])
  await room.signUp(given, from({ origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' }))
  await room.withPassword(given, from({ origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-origin' }))
})

test('changing the password needs the current one, and ends the other sessions when asked', async () => {
  const room = signInRoom(database)
  const email = 'lena@example.com'
  const token = tokenOf(await room.signUp({ email, password, name: 'Lena' }, program))
  const other = tokenOf(await room.withPassword({ email, password }, program))
  const caller = await callerOf(room, token)
  const change = (currentPassword: string, newPassword: string, revokeOtherSessions: boolean) =>
    room.changePassword(caller, token, { currentPassword, newPassword, revokeOtherSessions }, program)

  assert.equal((await problemOf(change('wrong', 'new password', true))).code, 'invalid-credentials')
  assert.ok(await room.sessionOf(other))
  const fresh = tokenOf(await change(password, 'new password', true))
  assert.ok(await room.sessionOf(fresh))
  assert.equal(await room.sessionOf(other), undefined)
  assert.equal(await room.sessionOf(token), undefined)
  assert.deepEqual(room.changed, [caller.userId])
  assert.equal((await problemOf(room.withPassword({ email, password }, program))).code, 'invalid-credentials')
  assert.ok(tokenOf(await room.withPassword({ email, password: 'new password' }, program)))
})

test('sessions are listed and ended one by one, only by their owner', async () => {
  const room = signInRoom(database)
  const given = { email: 'mona@example.com', password, name: 'Mona' }
  const first = tokenOf(await room.signUp(given, program))
  const second = tokenOf(await room.withPassword(given, program))
  const caller = await callerOf(room, second)
  const listed = await room.sessions.list(caller)
  assert.deepEqual(
    listed.map(row => [row.current, row.ip_address, row.user_agent]),
    [
      [true, '192.0.2.7', 'test-program'],
      [false, '192.0.2.7', 'test-program'],
    ],
  )
  const stranger = await callerOf(
    room,
    tokenOf(await room.signUp({ ...given, email: 'nora@example.com' }, program)),
  )
  const [, older] = listed
  assert.ok(older)
  assert.equal((await problemOf(room.sessions.remove(stranger, older.id))).code, 'resource-not-found')
  assert.equal(
    (await problemOf(room.sessions.remove(serviceCaller('x'), older.id))).code,
    'resource-not-found',
  )
  await room.sessions.remove(caller, older.id)
  assert.equal(await room.sessionOf(first), undefined)
  await room.signOut(caller)
  assert.equal(await room.sessionOf(second), undefined)
  assert.deepEqual(room.changed, [caller.userId, caller.userId])
  assert.deepEqual((await room.current({ token: second, isCookie: true })).body, null)
})

test('a session that is used lives on, written at most once an hour; one that is not ends after 30 days', async () => {
  const clock = turnedClock(Date.now())
  const room = signInRoom(database, { clock })
  const given = { email: 'olga@example.com', password, name: 'Olga' }
  const token = tokenOf(await room.signUp(given, program))
  const short = tokenOf(await room.withPassword({ ...given, rememberMe: false }, program))
  const expiresAt = async () => (await room.sessionOf(token))?.expiresAt ?? 0
  const first = await expiresAt()
  assert.equal(await expiresAt(), first)
  clock.turn(2 * hourMs)
  await until(async () => (await expiresAt()) === clock.now() + 30 * dayMs, 'the session is renewed')
  const renewed = await expiresAt()
  clock.turn(hourMs / 2)
  await expiresAt()
  assert.equal(await expiresAt(), renewed)
  assert.ok(await room.sessionOf(short))
  clock.turn(23 * hourMs)
  assert.equal(await room.sessionOf(short), undefined)
  await until(async () => (await expiresAt()) === clock.now() + 30 * dayMs, 'the session is renewed again')
  clock.turn(30 * dayMs)
  assert.equal(await room.sessionOf(token), undefined)
  clock.turn(2 * dayMs)
  await room.sweep()
  const { rows } = await sql`
    select from sessions join users on users.id = user_id where email = 'olga@example.com'`.execute(
    database.system,
  )
  assert.equal(rows.length, 0)
})
