import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import { createSealer } from '../kit/seal.ts'
import type { DatabaseCaller } from '../ports/database.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { until } from '../testing/until.ts'
import { type Answer, createIdempotency, largestAnswerBytes, type Run } from './idempotency.ts'
import type { KeyedCall } from './store.ts'

const { database } = await openTestDatabase<Record<string, Record<string, unknown>>>(
  { after },
  { max: 4, systemMax: 4 },
)
const system: Kysely<Record<string, Record<string, unknown>>> = database.system
const encryptionKey = 'an encryption key of more than 32 characters'

function open(options: { clock?: typeof systemClock; key?: string } = {}) {
  const { clock = systemClock, key = encryptionKey } = options
  return createIdempotency({ database, sealer: createSealer(key), ids: createIds(), clock, log: silentLog })
}
const rooms = open()

const member = (userId: string = randomUUID()): DatabaseCaller => ({
  role: 'member',
  userId,
  credential: 'session',
})
const fingerprint = (text: string) => createHash('sha256').update(text).digest()
function newCall(more: Partial<KeyedCall> = {}): KeyedCall {
  return { caller: randomUUID(), route: '/things', key: 'k', fingerprint: fingerprint('a'), ...more }
}
const answer = (body: string | Buffer = 'done'): Answer => ({
  status: 201,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from(body),
})

async function begin(call: KeyedCall, room = rooms): Promise<Run> {
  const found = await room.begin(call)
  assert('run' in found, 'it was done before')
  return found.run
}

async function replayed(call: KeyedCall, room = rooms): Promise<Answer> {
  const found = await room.begin(call)
  assert('answer' in found, 'it was begun again')
  return found.answer
}

const letLeaseEnd = ({ caller }: KeyedCall) =>
  sql`update idempotency_keys set leased_until = now() - interval '1 ms' where caller = ${caller}`.execute(
    system,
  )

test('what was done once gives its answer byte by byte to everyone who comes later', async () => {
  const call = newCall()
  const given = { ...answer(randomBytes(300)), headers: { 'content-type': 'a/b', location: '/x' } }
  const run = await begin(call)
  await assert.rejects(rooms.begin(call), { code: 'idempotency-running', retryAfterSeconds: 1 })
  await run.answer(given)
  assert.deepEqual(await replayed(call), given)
  assert.deepEqual(await replayed(call, open()), given, 'by another process too')
})

test('a key belongs to its caller, its route and its first request', async () => {
  const call = newCall()
  await (await begin(call)).answer(answer())
  await assert.rejects(rooms.begin({ ...call, fingerprint: fingerprint('b') }), {
    code: 'idempotency-mismatch',
  })
  await (await begin({ ...call, caller: randomUUID() })).forget()
  await (await begin({ ...call, route: '/others' })).forget()
  await (await begin({ ...call, key: 'K' })).forget()
})

test('of 50 at the same time exactly one is done', async () => {
  const call = newCall()
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => begin(call)))
  const runs = outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  assert.equal(runs.length, 1)
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'idempotency-running')
  await runs[0]?.forget()
})

test('what was refused leaves the key usable, for another request too', async () => {
  const call = newCall()
  await (await begin(call)).forget()
  await (await begin({ ...call, fingerprint: fingerprint('b') })).forget()
})

test('a call that its process left is taken over after the lease, and that process can change nothing any more', async () => {
  const call = newCall()
  const left = await begin(call)
  await assert.rejects(rooms.begin(call), { code: 'idempotency-running' })
  await letLeaseEnd(call)
  await assert.rejects(rooms.begin({ ...call, fingerprint: fingerprint('b') }), {
    code: 'idempotency-mismatch',
  })
  const run = await begin(call)
  const effect = database.asSystem(async db => left.answerIn(db, answer('late')))
  await assert.rejects(effect, { code: 'idempotency-running' })
  await left.forget()
  await assert.rejects(rooms.begin(call), { code: 'idempotency-running' })
  await run.answer(answer('second'))
  await left.answer(answer('late'))
  assert.equal(String((await replayed(call)).body), 'second')
})

test('who goes on with the work of a process that died has its name, and a refusal does not lose it', async () => {
  const call = newCall()
  const { workId } = await begin(call)
  for (let death = 0; death < 2; death++) {
    await letLeaseEnd(call)
    assert.equal((await begin(call)).workId, workId)
  }
  await letLeaseEnd(call)
  const refused = await begin(call)
  await refused.forget()
  // The one that died may have done and paid it.
  await assert.rejects(rooms.begin({ ...call, fingerprint: fingerprint('b') }), {
    code: 'idempotency-mismatch',
  })
  const again = await begin(call)
  assert.equal(again.workId, workId)
  await again.answer(answer('late'))
  assert.equal(String((await replayed(call)).body), 'late')
})

test('what may have been done is not begun anew: the same request alone goes on with it, at once', async () => {
  const call = newCall()
  const run = await begin(call)
  await run.leave()
  await assert.rejects(rooms.begin({ ...call, fingerprint: fingerprint('b') }), {
    code: 'idempotency-mismatch',
  })
  const again = await begin(call)
  assert.equal(again.workId, run.workId)
  await again.answer(answer('kept'))
  await run.leave()
  assert.equal(String((await replayed(call)).body), 'kept')
})

test('work that a day lies between is not the same', async () => {
  const call = newCall()
  const { workId } = await begin(call)
  await sql`update idempotency_keys set created_at = now() - interval '24:00:01' where caller = ${call.caller}`.execute(
    system,
  )
  const next = await begin(call)
  assert.notEqual(next.workId, workId)
  await next.forget()
  const other = await begin({ ...call, fingerprint: fingerprint('b') })
  assert.notEqual(other.workId, next.workId)
  await other.forget()
})

test('who comes while a lease runs out is told when it does', async () => {
  const call = newCall()
  const run = await begin(call)
  await sql`update idempotency_keys set leased_until = now() + interval '12 s' where caller = ${call.caller}`.execute(
    system,
  )
  await assert.rejects(rooms.begin(call), { code: 'idempotency-running', retryAfterSeconds: 12 })
  await run.forget()
})

test('a lease is renewed for as long as the work goes on', async () => {
  const clock = turnedClock()
  const room = open({ clock })
  const call = newCall()
  const run = await begin(call, room)
  const isLeft = async () => {
    const { rows } = await sql`
      select from idempotency_keys where caller = ${call.caller} and leased_until < now()`.execute(system)
    return rows.length === 1
  }
  for (let round = 0; round < 2; round++) {
    await letLeaseEnd(call)
    assert.equal(await isLeft(), true)
    clock.turn(5000)
    await until(async () => !(await isLeft()), 'the lease is renewed')
  }
  await run.lose()
  await assert.rejects(rooms.begin(call), { code: 'idempotency-answer-lost' })
})

test('an answer that is part of the transaction of its effect is there when the effect is, and only then', async () => {
  const caller = member()
  const call = newCall({ caller: caller.userId ?? '' })
  const run = await begin(call)
  const failure = new Error('changed my mind')
  const failed = database.as(caller, async db => {
    await run.answerIn(db, answer('no'))
    throw failure
  })
  await assert.rejects(failed, failure)
  await run.forget()

  const next = await begin(call)
  await database.as(caller, db => next.answerIn(db, answer('yes')))
  // As when the connection is lost in the moment of the commit: the process thinks that it failed.
  await next.forget()
  assert.equal(String((await replayed(call)).body), 'yes')
})

test('a caller has no part of their calls in hand but the answer of one that goes on', async () => {
  const caller = member()
  const call = newCall({ caller: caller.userId ?? '' })
  const run = await begin(call)
  const refuses = (query: ReturnType<typeof sql>) =>
    assert.rejects(
      database.as(caller, db => query.execute(db)),
      { code: '42501' },
    )
  const isTheirs = sql`caller = ${call.caller}`
  await refuses(sql`update idempotency_keys set work_id = ${randomUUID()} where ${isTheirs}`)
  await refuses(sql`update idempotency_keys set claim_id = ${randomUUID()} where ${isTheirs}`)
  await refuses(sql`update idempotency_keys set leased_until = now() where ${isTheirs}`)
  await refuses(sql`
    insert into idempotency_keys (caller, route, key, fingerprint, claim_id, work_id, leased_until)
    values (${call.caller}, 'r', 'k', ${call.fingerprint}, ${randomUUID()}, ${randomUUID()}, now())`)
  await database.as(caller, db => sql`delete from idempotency_keys where ${isTheirs}`.execute(db))
  await database.as(caller, db => run.answerIn(db, answer()))
  await refuses(sql`
    update idempotency_keys set done_at = null, status = null, headers = null, sealed_body = null where ${isTheirs}`)
  await run.answer(answer('another'))
  assert.equal(String((await replayed(call)).body), 'done')
})

test('nobody else can answer for a call', async () => {
  const call = newCall()
  const run = await begin(call)
  await assert.rejects(
    database.as(member(), db => run.answerIn(db, answer())),
    { code: 'idempotency-running' },
  )
  await run.forget()
})

test('answers are sealed in the database, and count as lost when the key to them is gone', async () => {
  const call = newCall()
  await (await begin(call)).answer(answer('rh_a-new-key'))
  const { rows } = await sql<{ text: string }>`
    select idempotency_keys::text as text from idempotency_keys where caller = ${call.caller}`.execute(system)
  assert.match(rows[0]?.text ?? '', /v1\./)
  assert.doesNotMatch(rows[0]?.text ?? '', /rh_a-new-key/)
  const later = open({ key: 'another encryption key of more than 32 characters' })
  await assert.rejects(later.begin(call), { code: 'idempotency-answer-lost' })
})

test('of an answer that is too large it is only known that it was', async () => {
  const [fits, call] = [newCall(), newCall()]
  await (await begin(fits)).answer(answer(Buffer.alloc(largestAnswerBytes, 'x')))
  assert.equal((await replayed(fits)).body.length, largestAnswerBytes)
  await (await begin(call)).answer(answer(Buffer.alloc(largestAnswerBytes + 1)))
  await assert.rejects(rooms.begin(call), { code: 'idempotency-answer-lost' })
})

test('a key is forgotten after 24 hours, before the sweep as after it', async () => {
  const age = ({ caller }: KeyedCall, by: string) =>
    sql`update idempotency_keys set created_at = now() - ${by}::interval where caller = ${caller}`.execute(
      system,
    )
  const [young, old, swept] = [newCall(), newCall(), newCall()]
  for (const call of [young, old, swept]) await (await begin(call)).answer(answer())
  await age(young, '23:59:50')
  await age(old, '24:00:01')
  await age(swept, '24:00:01')
  assert.equal(String((await replayed(young)).body), 'done')
  await (await begin({ ...old, fingerprint: fingerprint('b') })).answer(answer('anew'))
  await rooms.sweep()
  const { rows } = await sql<{ caller: string }>`
    select caller from idempotency_keys where caller = any (${[young, old, swept].map(call => call.caller)})`.execute(
    system,
  )
  assert.deepEqual(rows.map(row => row.caller).sort(), [young.caller, old.caller].sort())
})
