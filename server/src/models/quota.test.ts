import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { serviceCaller } from '../accounts/caller.ts'
import { newCaller } from '../testing/callers.ts'
import { openModelRooms, refusal } from '../testing/model-rooms.ts'

const { database, system, registry, push, storedKeys } = await openModelRooms({ after })
const service = serviceCaller('test')
const admin = await newCaller(database.system, 'admin')
/** Of each `push`. */
const fileBytes = 5

/** Whose plan gives this, to all who have it. */
async function newUser(limits: { models?: number; bytes?: number }, plan = 'free') {
  const user = await newCaller(database.system)
  await sql`update plans set max_models = ${limits.models ?? null}, max_model_bytes = ${limits.bytes ?? null}
    where name = ${plan}`.execute(database.system)
  await sql`update users set plan = ${plan} where id = ${user.userId}`.execute(database.system)
  return user
}

async function codes(calls: Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(calls)
  return settled
    .map(call => (call.status === 'fulfilled' ? 'ok' : isProblem(call.reason) ? call.reason.code : 'bug'))
    .sort()
}

const bytes = (count: number) => Readable.from([Buffer.alloc(count)])

test('uploads at once never pass the versions of the plan, and what is refused leaves no bytes', async () => {
  const user = await newUser({ models: 3 })
  const kept = (await storedKeys()).length
  const calls = Array.from({ length: 8 }, (_, index) =>
    index % 2 ? push(user, 'many') : registry.create(user, { name: 'many' }),
  )
  const refused = Array.from({ length: 5 }, () => 'quota-exceeded')
  assert.deepEqual(await codes(calls), ['ok', 'ok', 'ok', ...refused])
  const rows = await registry.list(user, { name: 'many', limit: 20 })
  assert.deepEqual(rows.map(model => model.version).sort(), ['1', '2', '3'])
  assert.equal((await storedKeys()).length - kept, rows.filter(model => model.file_key !== null).length)
  const told = await refusal(() => registry.checkMayPush(user, 0))
  assert.match(told.message, /holds 3 model versions.*there are 3.*Remove versions.*larger plan/)
  await registry.remove(user, rows[0]?.id ?? '')
  assert.equal((await registry.create(user, { name: 'many' })).status, 'pending')
})

test('uploads at once never pass the bytes of the plan, by whichever way they come', async () => {
  const user = await newUser({ bytes: 3 * fileBytes })
  const pending = await Promise.all([1, 2, 3, 4].map(() => registry.create(user, { name: 'heavy' })))
  const attached = pending.map(async ({ id }) =>
    registry.attach(user, id, await registry.receive(user, bytes(fileBytes))),
  )
  const calls = [...attached, ...[1, 2, 3, 4].map(() => push(user, 'heavy'))]
  assert.equal((await codes(calls)).filter(code => code === 'ok').length, 3)
  const { rows } = await sql<{ sum: string }>`
    select sum(file_size_bytes) from models where owner_id = ${user.userId}`.execute(database.system)
  assert.equal(Number(rows[0]?.sum), 3 * fileBytes)
})

test('a file that is too large for the plan is refused before it comes when its size is known, else while it comes', async () => {
  const user = await newUser({ bytes: 100 })
  const kept = await storedKeys()
  assert.equal((await refusal(() => registry.checkMayPush(user, 101))).code, 'quota-exceeded')
  await registry.checkMayPush(user, 100)
  const told = await refusal(() => registry.receive(user, bytes(101)))
  assert.equal(told.code, 'quota-exceeded')
  assert.match(told.message, /room for 100 more bytes/)
  // The limit of every file stays what it was.
  const large = await newUser({ bytes: 1e9 }, 'pro')
  assert.equal((await refusal(() => registry.receive(large, bytes(1001)))).code, 'payload-too-large')
  assert.deepEqual(await storedKeys(), kept)
})

test('what an administrator uploads for a user counts for the user', async () => {
  const user = await newUser({ bytes: 100 })
  const { id } = await registry.create(user, { name: 'helped' })
  assert.equal((await refusal(() => registry.checkMayAttach(admin, id, 101))).code, 'quota-exceeded')
  const refused = await refusal(() => registry.receive(admin, bytes(101), user.userId))
  assert.equal(refused.code, 'quota-exceeded')
  const upload = await registry.receive(service, bytes(101))
  assert.equal((await refusal(() => registry.attach(admin, id, upload))).code, 'quota-exceeded')
  assert.equal((await system.byId(id))?.status, 'pending')
})

test('a plan of no models lets nobody upload, and the house has no quota', async () => {
  const user = await newUser({ models: 0 })
  assert.equal((await refusal(() => registry.create(user, { name: 'none' }))).code, 'quota-exceeded')
  assert.equal((await refusal(() => push(user, 'none'))).code, 'quota-exceeded')
  for (let count = 0; count < 25; count++) await registry.create(service, { name: 'house' })
  assert.equal((await push(service, 'house')).version, '26')
})

test('a user is told what they have of their plan, and the house that it has no limit', async () => {
  const user = await newUser({ models: 3, bytes: 100 })
  await push(user, 'counted')
  await registry.create(user, { name: 'counted' })
  const used = { versions: 2, max_versions: 3, bytes: fileBytes, max_bytes: 100 }
  assert.deepEqual(await registry.used(user), used)
  assert.equal(await registry.used(service), null)
})
