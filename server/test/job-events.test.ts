import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createClient, type Job } from '@roundhouse/sdk'
import type { JobHandler } from '../src/jobs/job.ts'
import { startFaultyProxy } from '../src/testing/faulty-proxy.ts'
import { testHouse } from '../src/testing/house.ts'
import { until } from '../src/testing/until.ts'

/** How far each job may go; it goes on by ones. */
const limits = new Map<string, number>()
const counting: JobHandler = {
  kind: 'counting',
  queue: 'task',
  maxAttempts: 1,
  timeoutMs: 60_000,
  async run({ job, signal, progress }) {
    const name = String(job.payload)
    for (let done = 1; done <= 3; done++) {
      await until(() => signal.aborted || (limits.get(name) ?? 0) >= done, 'it may go on', 30_000)
      signal.throwIfAborted()
      progress(done, 3, 'rows')
    }
    return null
  },
}
const house = await testHouse({ after }, { JOB_CONCURRENCY: '4' }, { handlers: [counting] })
const user = await house.user()

async function add(name: string): Promise<string> {
  const { jobs } = house.house.background
  const caller = { role: 'member', userId: user.id, credential: 'test' } as const
  const job = { kind: 'counting', ownerId: user.id, payload: name }
  return (await house.ground.database.as(caller, db => jobs.add(db, job))).id
}

type Event = { id: string; job: Job }

async function* eventsOf(reply: Response): AsyncGenerator<Event, void> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const part of reply.body ?? []) {
    text += decoder.decode(part, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, id = '', data = ''] = /^event: job\nid: (.+)\ndata: (.+)$/.exec(text.slice(0, end)) ?? []
      text = text.slice(end + 2)
      if (data !== '') yield { id, job: JSON.parse(data) as Job }
    }
  }
}

function open(id: string, lastEventId?: string, signal?: AbortSignal): Promise<Response> {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  return user.fetch(`/api/v1/jobs/${id}/events`, { headers, signal: signal ?? null })
}

test('the events follow a job to its end, whole and numbered', async () => {
  const id = await add('followed')
  const seen: Event[] = []
  for await (const event of eventsOf(await open(id))) {
    seen.push(event)
    limits.set('followed', (event.job.progress?.done ?? 0) + 1)
  }
  const last = seen.at(-1)
  assert.deepEqual([last?.job.status, last?.job.progress], ['done', { done: 3, total: 3, unit: 'rows' }])
  assert.deepEqual(
    seen.map(event => event.id),
    seen.map((_, index) => (index === seen.length - 1 ? `${index + 1}-end` : String(index + 1))),
  )
  assert.ok(seen.some(({ job }) => job.status === 'running' && job.progress?.done === 1))
})

test('who comes back is told how things stand, the numbers go on, and the end is told once', async () => {
  const id = await add('resumed')
  const leave = new AbortController()
  let lastId = ''
  try {
    for await (const event of eventsOf(await open(id, undefined, leave.signal))) {
      lastId = event.id
      if (event.job.status !== 'running') continue
      limits.set('resumed', 3)
      leave.abort()
    }
  } catch (error) {
    assert.equal(leave.signal.aborted, true, String(error))
  }
  const seen: Event[] = []
  for await (const event of eventsOf(await open(id, lastId))) seen.push(event)
  assert.equal(Number.parseInt(seen[0]?.id ?? '', 10), Number(lastId) + 1)
  const last = seen.at(-1)
  assert.equal(last?.job.status, 'done')
  assert.equal((await open(id, last?.id)).status, 204)
  const again: Event[] = []
  for await (const event of eventsOf(await open(id))) again.push(event)
  assert.deepEqual(
    again.map(event => [event.id, event.job.status]),
    [['1-end', 'done']],
  )
})

test('a client that watches comes back by itself when its connection is lost', async t => {
  const proxy = await startFaultyProxy(t, Number(new URL(house.url).port))
  const client = createClient({ baseUrl: `http://127.0.0.1:${proxy.port}`, token: user.key })
  const id = await add('through trouble')
  // The head and the first state or two.
  proxy.cutAfter(1500)
  const seen: Job[] = []
  for await (const job of client.jobs.watch(id)) {
    seen.push(job)
    const done = job.progress?.done ?? 0
    if (proxy.cuts() > 0 || done < 1) limits.set('through trouble', done + 1)
    else {
      // Nothing of the job changes until the connection has been cut.
      proxy.cutAfter(0)
      limits.set('through trouble', 2)
      await until(() => proxy.cuts() > 0, 'the connection is cut', 30_000)
      proxy.pass()
    }
  }
  assert.ok(proxy.cuts() > 0)
  assert.ok(proxy.requests().length >= 2, String(proxy.requests()))
  assert.equal(seen.at(-1)?.status, 'done')
  const counts = seen.map(job => job.progress?.done ?? 0)
  assert.deepEqual(
    counts,
    counts.toSorted((one, other) => one - other),
  )
})

test('a client that stops watching leaves no stream behind', async () => {
  const client = createClient({ baseUrl: house.url, token: user.key })
  const id = await add('left alone')
  const reason = new Error('enough')
  const leave = new AbortController()
  const watching = (async () => {
    for await (const job of client.jobs.watch(id, { signal: leave.signal }))
      if (job.status === 'running') leave.abort(reason)
  })()
  await assert.rejects(watching, reason)
  for await (const job of client.jobs.watch(id)) if (job.status === 'running') break
  const connections = () =>
    new Promise<number>((resolve, reject) =>
      house.house.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
  await until(async () => (await connections()) <= 3, 'their connections are closed')
  await client.jobs.cancel(id)
  assert.equal((await client.jobs.wait(id)).status, 'cancelled')
})
