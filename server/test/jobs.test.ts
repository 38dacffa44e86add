import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createClient, type Job, type ModelJobResult, Problem } from '@roundhouse/sdk'
import { sql } from 'kysely'
import type { JobHandler } from '../src/jobs/job.ts'
import { json } from '../src/testing/access-fixture.ts'
import { type TestUser, testHouse, testKey } from '../src/testing/house.ts'
import { failingModel, identityModel, mlpModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { until } from '../src/testing/until.ts'

/** Runs until it is told to go on, or to stop. */
const gates = new Map<string, PromiseWithResolvers<void>>()
const held: JobHandler = {
  kind: 'held',
  queue: 'task',
  maxAttempts: 1,
  timeoutMs: 60_000,
  async run({ job, signal, progress }) {
    const gate = gateOf(String(job.payload))
    signal.addEventListener('abort', () => gate.reject(signal.reason))
    progress(1, 2, 'rows')
    await gate.promise
    progress(2, 2, 'rows')
    return { said: job.payload }
  },
}
const house = await testHouse({ after }, { JOB_CONCURRENCY: '1' }, { handlers: [held] })
/** Its jobs wait for ever. */
const share = {
  databaseUrl: (await testDatabase({ after })).appUrl,
  dataDir: await temporaryFolder({ after }),
}
const idle = await testHouse({ after }, { ROLES: 'api' }, { share })
const user = await house.user()
const mlp = await pushed(house, user, mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 }))
const input_data = { x: [[0.5, 0.25]] }

function gateOf(name: string): PromiseWithResolvers<void> {
  const gate = gates.get(name) ?? Promise.withResolvers<void>()
  gate.promise.catch(() => {})
  gates.set(name, gate)
  return gate
}

async function pushed(at: typeof house, owner: TestUser, file: Uint8Array, price = 0): Promise<string> {
  const client = createClient({ baseUrl: at.url, token: owner.key })
  const name = `m-${Math.random().toString(36).slice(2)}`
  const { id } = await client.models.push(new Blob([file as Uint8Array<ArrayBuffer>]), { name })
  if (price > 0) await client.models.update(id, { price })
  return id
}

async function ask(by: TestUser, method: string, path: string, body?: unknown): Promise<[number, never]> {
  const reply = await by.fetch(path, body === undefined ? { method } : json(method, body))
  const text = await reply.text()
  return [reply.status, (text === '' ? undefined : JSON.parse(text)) as never]
}

async function created(by: TestUser, body: unknown): Promise<Job> {
  const [status, job] = await ask(by, 'POST', '/api/v1/jobs', body)
  assert.equal(status, 201, JSON.stringify(job))
  return job
}

async function ended(by: TestUser, id: string): Promise<Job> {
  let job: Job | undefined
  await until(
    async () => {
      job = (await ask(by, 'GET', `/api/v1/jobs/${id}`))[1] as Job
      return job.finished_at !== null
    },
    'the job has ended',
    20_000,
  )
  assert(job)
  return job
}

async function addHeld(owner: TestUser, payload: string, priority = 0): Promise<string> {
  const { jobs } = house.house.background
  const caller = { role: 'member', userId: owner.id, credential: 'test' } as const
  const job = { kind: 'held', ownerId: owner.id, payload, priority }
  return (await house.ground.database.as(caller, db => jobs.add(db, job))).id
}

async function credits(at: typeof house, { id }: TestUser): Promise<{ balance: number; held: number }> {
  const { rows } = await sql<{ balance: number; held: number }>`
    select balance::float8 as balance, held::float8 as held from credit_accounts where user_id = ${id}`.execute(
    at.ground.database.system,
  )
  return rows[0] ?? { balance: Number.NaN, held: Number.NaN }
}

async function give(at: typeof house, to: TestUser, amount: number): Promise<void> {
  const { balance } = await credits(at, to)
  await sql`select grant_credits(${to.id}, ${amount - balance}, 'test')`.execute(at.ground.database.system)
}

const codeOf = ([status, body]: [number, unknown]) => [status, (body as { code?: string })?.code]

test('a prediction is asked for, waited for and fetched, and is the one that is given at once', async () => {
  const job = await created(user, { model_id: mlp, input_data, priority: 7 })
  assert.deepEqual([job.kind, job.model_id, job.priority], ['model', mlp, 7])
  const pending = await ask(user, 'GET', `/api/v1/jobs/${job.id}/result`)
  assert.ok(pending[0] === 202 || pending[0] === 200, String(pending[0]))
  const done = await ended(user, job.id)
  assert.deepEqual([done.status, done.attempt, done.error], ['done', 1, null])
  const [status, result] = (await ask(user, 'GET', `/api/v1/jobs/${job.id}/result`)) as [
    number,
    ModelJobResult,
  ]
  assert.equal(status, 200)
  const [, direct] = (await ask(user, 'POST', `/api/v1/models/${mlp}/predict`, { input_data })) as [
    number,
    ModelJobResult,
  ]
  assert.deepEqual(result.output_data, direct.output_data)
  assert.equal(result.model_id, mlp)
  assert.equal(direct.cached, true)
})

test('a result is 202 with the status until there is one', async () => {
  const owner = await idle.user()
  const model = await pushed(idle, owner, mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 }))
  const job = await created(owner, { model_id: model, input_data })
  assert.deepEqual(await ask(owner, 'GET', `/api/v1/jobs/${job.id}/result`), [
    202,
    { id: job.id, status: 'queued' },
  ])
})

test('integers beyond 2^53 and text with odd characters go in and come out as they are', async () => {
  const integers = await pushed(house, user, identityModel('INT64', ['N']))
  const body = `{"model_id":"${integers}","input_data":{"x":[9007199254740993,-9223372036854775808]}}`
  const reply = await user.fetch('/api/v1/jobs', { method: 'POST', body })
  assert.equal(reply.status, 201)
  const { id } = (await reply.json()) as Job
  await ended(user, id)
  const result = await (await user.fetch(`/api/v1/jobs/${id}/result`)).text()
  assert.ok(result.includes('[9007199254740993,-9223372036854775808]'), result)

  const words = await pushed(house, user, identityModel('BYTES', ['N']))
  const x = ['a\u0001b', '"\\ \u2028 ☃ 😀']
  const job = await created(user, { model_id: words, input_data: { x } })
  assert.equal((await ended(user, job.id)).error, null)
  const [, said] = (await ask(user, 'GET', `/api/v1/jobs/${job.id}/result`)) as [number, ModelJobResult]
  assert.deepEqual(said.output_data, { y: x })
})

test('what cannot be predicted is refused before there is a job', async () => {
  const before = (await ask(user, 'GET', '/api/v1/jobs'))[1]
  const post = async (body: unknown) => codeOf(await ask(user, 'POST', '/api/v1/jobs', body))
  const unknown = '0190a6f0-0000-7000-8000-000000000000'
  assert.deepEqual(await post({ model_id: unknown, input_data }), [404, 'model-not-found'])
  assert.deepEqual(await post({ model_id: 'x', input_data }), [400, 'invalid-request'])
  assert.deepEqual(await post({ model_id: mlp }), [400, 'invalid-request'])
  assert.deepEqual(await post({ model_id: mlp, input_data, when: 'now' }), [400, 'invalid-request'])
  assert.deepEqual(await post({ model_id: mlp, input_data: { x: [[1]] } }), [400, 'invalid-tensor'])
  assert.deepEqual(await post({ model_id: mlp, input_data: { z: [[1, 2]] } }), [400, 'invalid-tensor'])
  for (const priority of [101, -101, 0.5, '1'])
    assert.deepEqual(await post({ model_id: mlp, input_data, priority }), [400, 'invalid-request'])
  const send = async (body: string) => {
    const reply = await user.fetch('/api/v1/jobs', { method: 'POST', body })
    return codeOf([reply.status, await reply.json()])
  }
  assert.deepEqual(await send('{"model_id":'), [400, 'invalid-json'])
  assert.deepEqual(await send(`{"input_data":"${'x'.repeat(1024 * 1024)}"}`), [413, 'payload-too-large'])
  assert.deepEqual(codeOf(await ask(user, 'GET', '/api/v1/jobs?status=lost')), [400, 'invalid-request'])
  assert.deepEqual(codeOf(await ask(user, 'GET', '/api/v1/jobs?cursor=abc')), [400, 'invalid-request'])
  assert.deepEqual(codeOf(await ask(user, 'GET', '/api/v1/jobs/1')), [400, 'invalid-request'])
  assert.deepEqual((await ask(user, 'GET', '/api/v1/jobs'))[1], before)
})

test('jobs of others are not there, whatever is asked of them', async () => {
  const [other, admin] = [await house.user(), await house.user({ role: 'admin' })]
  const job = await created(user, { model_id: mlp, input_data })
  await ended(user, job.id)
  const path = `/api/v1/jobs/${job.id}`
  const calls = [
    ['GET', path],
    ['GET', `${path}/result`],
    ['GET', `${path}/events`],
    ['POST', `${path}/cancel`],
    ['POST', `${path}/retry`],
    ['DELETE', path],
  ] as const
  for (const [method, to] of calls)
    assert.deepEqual(codeOf(await ask(other, method, to)), [404, 'resource-not-found'], `${method} ${to}`)
  assert.deepEqual(await ask(other, 'GET', '/api/v1/jobs'), [200, { data: [], next_cursor: null }])
  assert.deepEqual(codeOf(await ask(other, 'POST', '/api/v1/jobs', { model_id: mlp, input_data })), [
    404,
    'model-not-found',
  ])
  assert.equal((await ask(admin, 'GET', path))[0], 200)
})

test('what the owner may no longer use fails, and says so', async t => {
  const lender = await idle.user()
  const borrower = await idle.user()
  const model = await pushed(idle, lender, mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 }))
  const lenderClient = createClient({ baseUrl: idle.url, token: lender.key })
  await lenderClient.models.update(model, { visibility: 'users' })
  const job = await created(borrower, { model_id: model, input_data })
  await lenderClient.models.update(model, { visibility: 'private' })
  const banned = await created(lender, { model_id: model, input_data })
  await sql`update users set banned_at = now() where id = ${lender.id}`.execute(idle.ground.database.system)
  const worker = await testHouse(t, { ROLES: 'worker' }, { share })
  try {
    const failed = await ended(borrower, job.id)
    assert.deepEqual([failed.status, failed.error?.code], ['failed', 'model-not-found'])
    const service = createClient({ baseUrl: idle.url, token: testKey })
    assert.equal((await service.jobs.wait(banned.id)).error?.code, 'forbidden')
    assert.deepEqual(codeOf(await ask(borrower, 'GET', `/api/v1/jobs/${job.id}/result`)), [422, 'job-failed'])
  } finally {
    await worker.close()
  }
})

test('a job that waits is cancelled at once, one that runs is told to stop', async () => {
  const owner = await idle.user()
  const model = await pushed(idle, owner, mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 }))
  const job = await created(owner, { model_id: model, input_data })
  const [status, cancelled] = (await ask(owner, 'POST', `/api/v1/jobs/${job.id}/cancel`)) as [number, Job]
  assert.deepEqual([status, cancelled.status], [200, 'cancelled'])
  assert.deepEqual(codeOf(await ask(owner, 'GET', `/api/v1/jobs/${job.id}/result`)), [409, 'conflict'])

  const client = createClient({ baseUrl: house.url, token: (await house.user({ role: 'admin' })).key })
  const running = await addHeld(user, 'to be stopped')
  await until(async () => (await client.jobs.get(running)).status === 'running', 'it runs')
  await client.jobs.cancel(running)
  assert.equal((await client.jobs.wait(running, { timeoutMs: 20_000 })).status, 'cancelled')
  assert.equal((await client.jobs.cancel(running)).status, 'cancelled')
})

test('a failed job is begun anew, and a job goes once it has ended', async () => {
  const failing = await pushed(house, user, failingModel())
  const job = await created(user, { model_id: failing, input_data: { index: [9] } })
  const failed = await ended(user, job.id)
  assert.deepEqual([failed.status, failed.error?.code, failed.attempt], ['failed', 'model-failed', 1])
  const [, list] = (await ask(user, 'GET', '/api/v1/jobs?status=failed&kind=model')) as [
    number,
    { data: Job[] },
  ]
  assert.deepEqual(
    list.data.map(({ id }) => id),
    [job.id],
  )
  for (const kind of ['%00', 'Model', 'x'.repeat(65)])
    assert.deepEqual(codeOf(await ask(user, 'GET', `/api/v1/jobs?kind=${kind}`)), [400, 'invalid-request'])
  const [status, again] = (await ask(user, 'POST', `/api/v1/jobs/${job.id}/retry`)) as [number, Job]
  assert.deepEqual([status, again.attempt, again.error], [200, 0, null])
  assert.equal((await ended(user, job.id)).status, 'failed')

  const client = createClient({ baseUrl: house.url, token: user.key })
  const running = await addHeld(user, 'not yet')
  await assert.rejects(client.jobs.remove(running), { name: 'Problem', code: 'conflict' })
  gateOf('not yet').resolve()
  await client.jobs.wait(running)
  await assert.rejects(client.jobs.retry(running), { name: 'Problem', code: 'conflict' })
  await client.jobs.remove(running)
  await assert.rejects(client.jobs.get(running), { name: 'Problem', code: 'resource-not-found' })
})

test('the price is held with the job, taken when it is done, and given back when it fails or is cancelled', async () => {
  const seller = await house.user()
  const model = await pushed(house, seller, failingModel(), 3)
  await createClient({ baseUrl: house.url, token: seller.key }).models.update(model, { visibility: 'users' })
  const buyer = await house.user()
  await give(house, buyer, 4)
  const good = await created(buyer, { model_id: model, input_data: { index: [1] } })
  assert.equal((await ended(buyer, good.id)).status, 'done')
  assert.deepEqual(await credits(house, buyer), { balance: 1, held: 0 })

  const refused = await ask(buyer, 'POST', '/api/v1/jobs', { model_id: model, input_data: { index: [1] } })
  assert.deepEqual(codeOf(refused), [402, 'insufficient-credits'])
  const [, { data }] = (await ask(buyer, 'GET', '/api/v1/jobs')) as [number, { data: Job[] }]
  assert.deepEqual(
    data.map(({ id }) => id),
    [good.id],
  )
  assert.deepEqual(await credits(house, buyer), { balance: 1, held: 0 })

  await give(house, buyer, 3)
  const bad = await created(buyer, { model_id: model, input_data: { index: [9] } })
  assert.equal((await ended(buyer, bad.id)).status, 'failed')
  assert.deepEqual(await credits(house, buyer), { balance: 3, held: 0 })
  await give(house, buyer, 2)
  assert.deepEqual(codeOf(await ask(buyer, 'POST', `/api/v1/jobs/${bad.id}/retry`)), [
    402,
    'insufficient-credits',
  ])
  assert.equal(((await ask(buyer, 'GET', `/api/v1/jobs/${bad.id}`))[1] as Job).status, 'failed')
})

test('a job that waits holds its price, and one begun anew holds and pays it again, once', async t => {
  const seller = await idle.user()
  const model = await pushed(idle, seller, failingModel(), 3)
  await createClient({ baseUrl: idle.url, token: seller.key }).models.update(model, { visibility: 'users' })
  const buyer = await idle.user()
  await give(idle, buyer, 5)
  const job = await created(buyer, { model_id: model, input_data: { index: [1] } })
  assert.deepEqual(await credits(idle, buyer), { balance: 5, held: 3 })
  await ask(buyer, 'POST', `/api/v1/jobs/${job.id}/cancel`)
  assert.deepEqual(await credits(idle, buyer), { balance: 5, held: 0 })
  await ask(buyer, 'POST', `/api/v1/jobs/${job.id}/retry`)
  assert.deepEqual(await credits(idle, buyer), { balance: 5, held: 3 })
  const worker = await testHouse(t, { ROLES: 'worker' }, { share })
  try {
    assert.equal((await ended(buyer, job.id)).status, 'done')
  } finally {
    await worker.close()
  }
  assert.deepEqual(await credits(idle, buyer), { balance: 2, held: 0 })
})

test('many posts with one idempotency key make one job and hold its price once', async () => {
  const owner = await idle.user()
  const model = await pushed(idle, owner, failingModel(), 2)
  await give(idle, owner, 10)
  const client = createClient({ baseUrl: idle.url, token: owner.key, maxRetries: 20 })
  const body = { model_id: model, input_data: { index: [1] } }
  const jobs = await Promise.all(
    Array.from({ length: 10 }, () => client.jobs.create(body, { idempotencyKey: 'one order' })),
  )
  assert.equal(new Set(jobs.map(({ id }) => id)).size, 1)
  assert.equal((await client.jobs.list()).data.length, 1)
  assert.deepEqual(await credits(idle, owner), { balance: 10, held: 2 })
})

test('where one is worked on at a time, the highest priority goes first', async () => {
  const client = createClient({ baseUrl: house.url, token: user.key })
  const first = await addHeld(user, 'first')
  await until(async () => (await client.jobs.get(first)).status === 'running', 'the lane is taken')
  const waiting = [
    await addHeld(user, 'low', -10),
    await addHeld(user, 'middle'),
    await addHeld(user, 'high', 10),
  ]
  for (const name of ['low', 'middle', 'high', 'first']) gateOf(name).resolve()
  const jobs = await Promise.all(waiting.map(id => client.jobs.wait(id)))
  const order = jobs
    .sort((one, other) => (one.started_at ?? '').localeCompare(other.started_at ?? ''))
    .map(({ priority }) => priority)
  assert.deepEqual(order, [10, 0, -10])
})

test('every page of the list is given, newest first, by the client too', async () => {
  const owner = await idle.user()
  const model = await pushed(idle, owner, mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 }))
  const client = createClient({ baseUrl: idle.url, token: owner.key })
  const made: string[] = []
  for (let count = 0; count < 5; count++)
    made.push((await client.jobs.create({ model_id: model, input_data })).id)
  const seen: string[] = []
  for await (const job of client.jobs.iterate({ limit: 2, kind: 'model' })) seen.push(job.id)
  assert.deepEqual(seen, made.reverse())
  assert.deepEqual((await client.jobs.list({ kind: 'batch' })).data, [])
})

test('ends of jobs and how long they waited are in the metrics', async () => {
  const text = await (await house.fetch('/metrics')).text()
  assert.match(text, /^roundhouse_jobs_ended_total\{kind="model",status="done"\} [1-9]/m)
  assert.match(text, /^roundhouse_jobs_ended_total\{kind="held",status="cancelled"\} 1$/m)
  assert.match(text, /^roundhouse_job_wait_seconds_count\{kind="model"\} [1-9]/m)
})

test('a client waits for the end, hears of progress, and gives up waiting when told to', async () => {
  const client = createClient({ baseUrl: house.url, token: user.key })
  const id = await addHeld(user, 'waited for')
  await assert.rejects(client.jobs.wait(id, { timeoutMs: 300 }), {
    name: 'ConnectionError',
    reason: 'timeout',
  })
  const progress: (number | undefined)[] = []
  const job = await client.jobs.wait(id, {
    timeoutMs: 20_000,
    onProgress(change) {
      progress.push(change.progress?.done)
      if (change.progress?.done === 1) gateOf('waited for').resolve()
    },
  })
  assert.equal(job.status, 'done')
  assert.ok(progress.includes(1), String(progress))
  assert.equal(progress.at(-1), 2)
  const leaving = new AbortController()
  const reason = new Error('enough')
  leaving.abort(reason)
  await assert.rejects(client.jobs.wait(id, { signal: leaving.signal }), reason)
  const model = await client.jobs.create({ model_id: mlp, input_data: { x: [Float32Array.of(1, 2)] } })
  await client.jobs.wait(model.id)
  assert.equal((await client.jobs.result(model.id))?.model_id, mlp)
  await assert.rejects(
    client.jobs.get('0190a6f0-0000-7000-8000-000000000000'),
    (error: unknown) => error instanceof Problem && error.code === 'resource-not-found',
  )
})
