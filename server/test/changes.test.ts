import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type ChangeEvent, createClient } from '@roundhouse/sdk'
import { createInvitation } from '@roundhouse/sdk/contract'
import type { JobHandler } from '../src/jobs/job.ts'
import { json } from '../src/testing/access-fixture.ts'
import { type TestUser, testHouse } from '../src/testing/house.ts'
import { until } from '../src/testing/until.ts'

const quick: JobHandler = {
  kind: 'quick',
  queue: 'task',
  maxAttempts: 1,
  timeoutMs: 60_000,
  run: async () => null,
}
const house = await testHouse({ after }, {}, { handlers: [quick] })
const [owner, other, admin] = await Promise.all([house.user(), house.user(), house.user({ role: 'admin' })])

/** What a user hears from now on, as `kind id`; `hello` alone. */
async function listen({ key }: TestUser, t: { after(stop: () => void): void }): Promise<string[]> {
  const { changes } = createClient({ baseUrl: house.url, token: key })
  const heard: string[] = []
  const stop = new AbortController()
  t.after(() => stop.abort())
  const keep = (event: ChangeEvent) =>
    heard.push(event.event === 'hello' ? 'hello' : `${event.kind} ${event.id}`)
  void (async () => {
    for await (const event of changes.follow({ signal: stop.signal })) keep(event)
  })().catch(() => {})
  await until(() => heard.length > 0, 'the stream is open')
  return heard
}

test('owners and administrators hear what changes, and members nothing of what they may not see', async t => {
  const [ownerHears, otherHears, adminHears] = await Promise.all(
    [owner, other, admin].map(one => listen(one, t)),
  )
  assert(ownerHears && otherHears && adminHears)
  const agents = createClient({ baseUrl: house.url, token: owner.key }).agents
  const template = (await agents.templates())[0]
  assert(template)
  const hidden = await agents.create({ ...template.agent, slug: 'hidden' })
  const jobs = house.house.background.jobs
  const caller = { role: 'member', userId: owner.id, credential: 'test' } as const
  const job = await house.ground.database.as(caller, db =>
    jobs.add(db, { kind: 'quick', ownerId: owner.id, payload: {} }),
  )
  const shared = await agents.create({ ...template.agent, slug: 'shared', visibility: 'users' })
  const mine = [`agent ${hidden.id}`, `job ${job.id}`]
  await until(() => mine.every(one => ownerHears.includes(one)), 'the owner hears of agent and job')
  await until(() => mine.every(one => adminHears.includes(one)), 'so does an administrator')
  await agents.publish(shared.id)
  await until(() => otherHears.includes(`agent ${shared.id}`), 'another hears of what is shared')
  const run = await createClient({ baseUrl: house.url, token: owner.key }).runs.start(shared.id, {
    messages: [{ role: 'user', content: 'Hello' }],
  })
  await until(() => ownerHears.includes(`run ${run.id}`), 'the owner hears of the run')
  await createClient({ baseUrl: house.url, token: admin.key }).admin.invitations.create(
    createInvitation.parse({ email: 'a@example.com' }),
  )
  await until(() => adminHears.some(one => one.startsWith('invitation ')), 'and the administrator of users')
  await agents.remove(hidden.id)
  await until(
    () => ownerHears.filter(one => one === `agent ${hidden.id}`).length > 1,
    'the owner hears of a removal',
  )
  assert.deepEqual(new Set(otherHears), new Set(['hello', `agent ${shared.id}`]))
})

test('whoever has other rights is told to begin anew, and who is banned hears no more', async t => {
  const user = await house.user()
  const heard = await listen(user, t)
  const change = (body: object) => admin.fetch(`/api/v1/admin/users/${user.id}`, json('PATCH', body))
  assert.equal((await change({ plan: 'free' })).status, 200)
  await until(() => heard.filter(one => one === 'hello').length === 2, 'it begins with hello again')
  const open = await user.fetch('/api/v1/changes')
  assert.equal(open.status, 200)
  assert.equal((await change({ banned: true })).status, 200)
  assert.match(await open.text(), /^event: hello/)
  const refused = await user.fetch('/api/v1/changes')
  assert.equal(refused.status, 401)
  await refused.body?.cancel()
})

test('a user has thirty streams of changes at a time, and no more', async () => {
  const user = await house.user()
  const open = () => user.fetch('/api/v1/changes')
  const streams = await Promise.all(Array.from({ length: 30 }, open))
  assert.deepEqual(new Set(streams.map(({ status }) => status)), new Set([200]))
  const refused = await open()
  assert.equal(refused.status, 429)
  await refused.text()
  await Promise.all(streams.map(({ body }) => body?.cancel()))
})

test('an administrator sees when users signed in, their ledger, and what was done to them', async () => {
  const { admin: administration, auth } = createClient({ baseUrl: house.url, token: admin.key })
  const { user } = await auth.signUp({
    name: 'Ada',
    email: 'ada@example.com',
    password: 'correct horse battery',
  })
  const before = await administration.users.get(user.id)
  assert(before.last_sign_in_at && before.sessions === 1 && before.keys === 0)
  await administration.users.grantCredits(user.id, { amount: 7, reason: 'welcome' })
  const { balance, ledger } = await administration.users.credits.get(user.id)
  assert.equal(balance, before.credits + 7)
  assert.deepEqual([ledger[0]?.amount, ledger[0]?.reason], [7, 'welcome'])
  assert.equal((await administration.users.credits.list(user.id, { limit: 1 })).data.length, 1)
  const acts = await administration.audit.list({ target: user.id })
  assert.deepEqual(
    acts.data.map(({ action }) => action),
    ['credit-grant'],
  )
  assert.deepEqual((await administration.audit.list({ actor_id: user.id })).data, [])
  const found = await administration.users.list({ role: 'admin', plan: 'unlimited', status: 'active' })
  assert(found.data.some(({ id }) => id === admin.id))
  assert(!found.data.some(({ id }) => id === user.id))
  await assert.rejects(administration.users.credits.get(crypto.randomUUID()), { code: 'resource-not-found' })
})
