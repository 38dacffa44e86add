import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import { serviceCaller } from '../accounts/caller.ts'
import { defer } from '../testing/defer.ts'
import { until } from '../testing/until.ts'
import { createEventStreams, type ServerEvent, withHeartbeat } from './event-stream.ts'

const caller = serviceCaller('test')
const event = (id: number, data: unknown = id): ServerEvent => ({ event: 'count', id: String(id), data })

async function serve(
  t: { after(callback: () => Promise<void>): void },
  start: (signal: AbortSignal) => AsyncGenerator<ServerEvent, void>,
) {
  const app = Fastify({ keepAliveTimeout: 1 })
  const sendEvents = createEventStreams(app)
  app.get('/', (_request, reply) => sendEvents(caller, reply, start))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  defer(t, () => app.close())
  return { app, url }
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve())
  })
}

test('events go out as they come, each with its number, and the answer ends with the last', async t => {
  const { url } = await serve(t, async function* () {
    yield event(1, { text: 'a\nb' })
    yield event(2)
  })
  const reply = await fetch(url)
  assert.equal(reply.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  assert.equal(reply.headers.get('cache-control'), 'no-store')
  assert.equal(
    await reply.text(),
    'event: count\nid: 1\ndata: {"text":"a\\nb"}\n\nevent: count\nid: 2\ndata: 2\n\n',
  )
})

test('a comment comes wherever no event has come for a while', async () => {
  const gate = Promise.withResolvers<void>()
  async function* events() {
    await gate.promise
    yield event(2)
  }
  const lines: string[] = []
  for await (const line of withHeartbeat({ done: false, value: event(1) }, events(), 5)) {
    lines.push(line)
    if (lines.length === 4) gate.resolve()
  }
  assert.match(lines[0] ?? '', /^event: count\nid: 1\n/)
  assert.deepEqual(lines.slice(1, 4), Array(3).fill(': still here\n\n'))
  assert.match(lines.at(-1) ?? '', /^event: count\nid: 2\n/)
})

test('what fails before the first event is answered as a problem, not as a stream', async t => {
  const { url } = await serve(t, async function* () {
    yield await Promise.reject(new Error('no'))
  })
  const reply = await fetch(url)
  assert.equal(reply.status, 500)
  assert.match(reply.headers.get('content-type') ?? '', /json/)
})

test('no more events are made than a slow client takes', async t => {
  let made = 0
  let ended = false
  const { url } = await serve(t, async function* (signal) {
    try {
      while (!signal.aborted) yield event(++made, 'x'.repeat(100_000))
    } finally {
      ended = true
    }
  })
  const leave = new AbortController()
  const reply = await fetch(url, { signal: leave.signal })
  const reader = reply.body?.getReader()
  await reader?.read()
  let before = -1
  await until(() => {
    const rests = before === made
    before = made
    return rests && made > 0
  }, 'no more is made')
  // What the sockets of both ends hold is a few megabytes at most.
  assert.ok(made < 200, String(made))
  leave.abort()
  await until(() => ended, 'it ends when the client goes')
})

test('a server that stops says so in a last event of its streams and ends them instead of waiting', async t => {
  const { app, url } = await serve(t, async function* (signal) {
    yield event(1)
    await stopped(signal)
  })
  const reply = await fetch(url)
  const closed = app.close()
  assert.equal(
    await reply.text(),
    'event: count\nid: 1\ndata: 1\n\nevent: shutdown\nretry: 1000\ndata: {}\n\n',
  )
  await closed
})

test('one caller has at most a hundred streams, and may open another when one has ended', async t => {
  const { url } = await serve(t, async function* (signal) {
    yield event(1)
    await stopped(signal)
  })
  const leave = Array.from({ length: 100 }, () => new AbortController())
  await Promise.all(leave.map(({ signal }) => fetch(url, { signal })))
  assert.equal((await fetch(url)).status, 429)
  leave[0]?.abort()
  const last = new AbortController()
  await until(async () => (await fetch(url, { signal: last.signal })).status === 200, 'there is room again')
  for (const each of [...leave, last]) each.abort()
})
