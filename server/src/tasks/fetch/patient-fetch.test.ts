import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { silentLog } from '../../kit/log.ts'
import type { Scope } from '../../testing/defer.ts'
import { httpServer } from '../../testing/http-server.ts'
import { createPace } from './pace.ts'
import { createPatientFetch } from './patient-fetch.ts'

type Answer = (reply: ServerResponse, request: IncomingMessage) => void
type Seen = { method: string; at: number; body: string }

/** A provider that answers by these in turn, the last one again and again. */
async function provider(scope: Scope, ...answers: Answer[]): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const { url } = await httpServer(scope, (request, reply) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      const answer = answers[Math.min(seen.length, answers.length - 1)]
      seen.push({ method: request.method ?? '', at: performance.now(), body })
      answer?.(reply, request)
    })
  })
  return { url: `${url}/`, seen }
}

const fine: Answer = reply => void reply.end('fine')
const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  reply =>
    void reply.writeHead(code, headers).end(`status ${code}`)
const cut: Answer = reply => void reply.destroy()
const cutInTheBody: Answer = reply => {
  reply.writeHead(200, { 'content-length': '1000' }).write('half')
  setImmediate(() => reply.destroy())
}

function patient(signal = new AbortController().signal, requestsPerSecond = 1000) {
  return createPatientFetch({ requestsPerSecond, signal, log: silentLog })
}

test('errors of the server and broken connections are tried again, also one that breaks in the body', async t => {
  const { url, seen } = await provider(t, status(500), cut, cutInTheBody, status(503), fine)
  const reply = await patient()(`${url}prices?day=1`)
  assert.equal(await reply.text(), 'fine')
  assert.equal(reply.url, `${url}prices?day=1`)
  assert.equal(seen.length, 5)
})

test('a 429 is waited out as long as the host says, in seconds or until a date', async t => {
  const soon = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000)
  const { url, seen } = await provider(
    t,
    status(429, { 'retry-after': '1' }),
    status(429, { 'retry-after': soon.toUTCString(), date: new Date(soon.getTime() - 1000).toUTCString() }),
    status(429, { ratelimit: '"default";r=0;t=1' }),
    fine,
  )
  assert.equal((await patient()(url)).status, 200)
  for (let index = 1; index < seen.length; index++)
    assert.ok((seen[index]?.at ?? 0) - (seen[index - 1]?.at ?? 0) >= 995, `wait ${index}`)
})

test('a spent quota is waited out before the next request, without being refused first', async t => {
  const { url, seen } = await provider(
    t,
    reply => void reply.writeHead(200, { 'ratelimit-remaining': '0', 'ratelimit-reset': '1' }).end(),
    fine,
  )
  const get = patient()
  await get(url)
  await Promise.all([get(url), get(url)])
  assert.ok((seen[1]?.at ?? 0) - (seen[0]?.at ?? 0) >= 995)
})

test('what is not right is answered at once, and what stays wrong after six tries', async t => {
  const wrong = await provider(t, status(404))
  assert.equal((await patient()(wrong.url)).status, 404)
  assert.equal(wrong.seen.length, 1)
  const down = await provider(t, status(502, { 'retry-after': '0' }))
  const reply = await patient()(down.url)
  assert.equal(await reply.text(), 'status 502')
  assert.equal(down.seen.length, 6)
  // An hour is not waited for.
  const closed = await provider(t, status(429, { 'retry-after': '3600' }))
  assert.equal((await patient()(closed.url)).status, 429)
  assert.equal(closed.seen.length, 1)
})

test('a POST is sent once, unless it is told that it may be repeated; then with the same body', async t => {
  const once = await provider(t, status(503), fine)
  assert.equal((await patient()(once.url, { method: 'POST', body: 'x' })).status, 503)
  assert.equal(once.seen.length, 1)
  const cutOff = await provider(t, cut, fine)
  await assert.rejects(patient()(cutOff.url, { method: 'post', body: 'x' }), /fetch failed/)
  assert.equal(cutOff.seen.length, 1)
  const twice = await provider(t, status(503), fine)
  assert.equal((await patient()(twice.url, { method: 'POST', body: 'x', repeat: true })).status, 200)
  assert.deepEqual(
    twice.seen.map(({ method, body }) => `${method} ${body}`),
    ['POST x', 'POST x'],
  )
})

test('turns at a host are as far apart as declared, however many are asked for at once', async () => {
  const pace = createPace(50)
  const { signal } = new AbortController()
  const turns = Array.from({ length: 10 }, async () => {
    await pace.turn('a.example', signal)
    return performance.now()
  })
  const other = pace.turn('b.example', signal).then(() => performance.now())
  const times = (await Promise.all(turns)).sort((a, b) => a - b)
  for (let index = 1; index < times.length; index++)
    assert.ok((times[index] ?? 0) - (times[index - 1] ?? 0) >= 19, `turn ${index}`)
  assert.ok((await other) < (times[1] ?? 0), 'another host is another matter')
})

test('the end of the run ends what is under way, and what waits', async t => {
  const { url, seen } = await provider(t, status(429, { 'retry-after': '60' }))
  const hung = await provider(t, () => {})
  const stop = new AbortController()
  const get = patient(stop.signal)
  const waiting = assert.rejects(get(url), /enough/)
  const open = assert.rejects(get(hung.url), /enough/)
  const deadline = performance.now() + 5000
  while ((seen.length === 0 || hung.seen.length === 0) && performance.now() < deadline)
    await new Promise(resolve => setImmediate(resolve))
  stop.abort(new Error('enough'))
  await Promise.all([waiting, open])
  await assert.rejects(get(url), /enough/)
})

test('a large body comes whole, and flows', async t => {
  const part = Buffer.alloc(1024 * 1024, 'a')
  const { url } = await provider(t, async reply => {
    for (let index = 0; index < 20; index++)
      if (!reply.write(part)) await new Promise(resolve => reply.once('drain', resolve))
    reply.end('end')
  })
  const reply = await patient()(url)
  let size = 0
  let last = ''
  for await (const chunk of reply.body ?? []) {
    size += chunk.byteLength
    last = Buffer.from(chunk).subarray(-3).toString()
  }
  assert.equal(size, 20 * part.length + 3)
  assert.equal(last, 'end')
})
