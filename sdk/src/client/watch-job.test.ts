import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Job } from '../contract/job.ts'
import { createClient } from './client.ts'
import { ConnectionError } from './errors.ts'

const id = '0190a6f0-0000-7000-8000-000000000000'
const nothing = ': hello\n\n'

function told(number: number, status: Job['status']): string {
  const at = '2026-11-21T12:00:00.000Z'
  const job: Job = {
    id,
    kind: 'model',
    model_id: null,
    status,
    priority: 0,
    progress: { done: number, total: null, unit: 'rows' },
    attempt: 1,
    max_attempts: 3,
    owner_id: null,
    takeovers: 0,
    error: null,
    request_id: null,
    run_at: at,
    created_at: at,
    started_at: at,
    finished_at: status === 'done' ? at : null,
  }
  return `event: job\nid: ${number}\ndata: ${JSON.stringify(job)}\n\n`
}

/** What is seen over connections that each give their text and end in order; the waits between them take no time. */
async function watch(t: TestContext, textOf: (connection: number) => string) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let connections = 0
  const answer = async () => {
    connections += 1
    return new Response(textOf(connections), { headers: { 'content-type': 'text/event-stream' } })
  }
  const client = createClient({
    baseUrl: 'http://127.0.0.1:1',
    fetch: answer,
    timeoutMs: Number.POSITIVE_INFINITY,
  })
  const seen: (number | undefined)[] = []
  let error: unknown
  let over = false
  const watching = (async () => {
    for await (const job of client.jobs.watch(id)) seen.push(job.progress?.done)
  })()
  watching
    .catch(cause => {
      error = cause
    })
    .finally(() => {
      over = true
    })
  while (!over) {
    await new Promise(setImmediate)
    t.mock.timers.tick(8000)
  }
  return { connections, seen, error }
}

test('connections that end in order without an event are given up like those that break', async t => {
  const { connections, error } = await watch(t, () => nothing)
  assert.ok(error instanceof ConnectionError, String(error))
  assert.match(error.message, /end before they tell anything/)
  assert.equal(connections, 11)
})

test('a server that says that it stops ends no watch: the next one goes on', async t => {
  const shutdown = 'event: shutdown\nretry: 1000\ndata: {}\n\n'
  const { connections, seen, error } = await watch(t, connection =>
    connection === 1 ? told(1, 'running') + shutdown : told(2, 'done'),
  )
  assert.equal(error, undefined)
  assert.deepEqual([connections, seen], [2, [1, 2]])
})

test('as long as one in ten connections tells something the watch goes on to the end of the job', async t => {
  const { connections, seen, error } = await watch(t, connection => {
    if (connection % 10 > 0) return nothing
    return told(connection, connection === 30 ? 'done' : 'running')
  })
  assert.equal(error, undefined)
  assert.deepEqual(seen, [10, 20, 30])
  assert.equal(connections, 30)
})
