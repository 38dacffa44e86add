import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { createExchange } from './exchange.ts'

test('gives up on a server that takes the connection and says nothing', async t => {
  const url = await listen(t, () => {})
  const startedAt = performance.now()
  await assert.rejects(send(url, 150), { code: 'ETIMEDOUT' })
  assert.ok(performance.now() - startedAt < 5000)
})

test('gives up on an answer that stops in the middle', async t => {
  const url = await listen(t, socket => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'))
  const answer = await send(url, 150)
  await assert.rejects(buffer(answer))
})

test('an answer that is cut is an error, not a short body', async t => {
  const url = await listen(t, socket => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'))
  await assert.rejects(buffer(await send(url, 5000)), { code: 'ECONNRESET' })
})

test('a signal ends the wait', async t => {
  const url = await listen(t, () => stop.abort())
  const stop = new AbortController()
  await assert.rejects(send(url, 60_000, stop.signal), { name: 'AbortError' })
})

function send(url: URL, silenceMs: number, signal?: AbortSignal) {
  const exchange = createExchange(url.protocol)
  return exchange({
    method: 'PUT',
    url,
    headers: { 'content-length': '5' },
    body: [Buffer.from('bytes')],
    silenceMs,
    signal,
  })
}

/** Calls back once the request has come. */
async function listen(t: TestContext, answer: (socket: Socket) => void): Promise<URL> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => answer(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  assert.ok(address && typeof address === 'object')
  return new URL(`http://127.0.0.1:${address.port}/`)
}
