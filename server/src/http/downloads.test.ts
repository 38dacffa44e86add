import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import Fastify from 'fastify'
import { serviceCaller } from '../accounts/caller.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { until } from '../testing/until.ts'
import { createDownloads } from './downloads.ts'
import { toProblem } from './problems.ts'

const minuteMs = 60_000

/** A server whose answers have no end; the header `service` makes its own backend of a reader. */
async function open(t: TestContext, bytes: () => Readable) {
  const clock = turnedClock()
  const downloads = createDownloads({ clock })
  const app = Fastify({ forceCloseConnections: true })
  t.after(() => app.close())
  app.decorateRequest('caller', undefined)
  const sockets: Socket[] = []
  app.get('/', (request, reply) => {
    if (request.headers.service) request.caller = serviceCaller('test')
    downloads.begin(request, reply)
    sockets.push(request.raw.socket)
    return reply.send(bytes())
  })
  app.setErrorHandler((error, _request, reply) => {
    const { status, code } = toProblem(error)
    return reply.code(status).send(code)
  })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  /** Reads nothing of the answer until it is told to. */
  async function ask(headers: Record<string, string> = {}): Promise<IncomingMessage> {
    const request = get(address, { headers, agent: false })
    t.after(() => request.destroy())
    const [reply] = (await once(request, 'response')) as [IncomingMessage]
    reply.on('error', () => {})
    return reply
  }
  return { clock, ask, sockets }
}

function endless(): Readable {
  return new Readable({
    read() {
      this.push(Buffer.alloc(65_536))
    },
  })
}

function oneByte(): Readable {
  const stream = new Readable({ read() {} })
  stream.push('x')
  return stream
}

test('who reads nothing is cut off after a minute, and who goes on reading never is', async t => {
  const { clock, ask, sockets } = await open(t, endless)
  const idle = await ask()
  let isCut = false
  idle.on('close', () => (isCut = true))
  const busy = await ask()
  busy.resume()
  const [, busySocket] = sockets
  assert(busySocket)
  let turns = 0
  // The buffers of the connection take the first megabytes of both.
  await until(async () => {
    const before = busySocket.bytesWritten
    await until(() => busySocket.bytesWritten > before + 4_000_000, 'it is read')
    clock.turn(minuteMs)
    turns += 1
    return sockets[0]?.destroyed === true
  }, 'the idle reader is cut off')
  assert.ok(turns > 1, 'not before a minute in which nothing was read')
  idle.resume()
  await until(() => isCut, 'the reader sees it')
  assert.equal(busySocket.destroyed, false)
})

test('a reader has 100 downloads at a time, gets a place back with each that ends, and backends have any number', async t => {
  const { ask } = await open(t, oneByte)
  const replies = await Promise.all(Array.from({ length: 100 }, () => ask()))
  assert.deepEqual([...new Set(replies.map(reply => reply.statusCode))], [200])
  assert.equal((await ask()).statusCode, 429)
  assert.equal((await ask({ service: 'yes' })).statusCode, 200)
  replies[0]?.destroy()
  await until(async () => (await ask()).statusCode === 200, 'there is a place again')
  assert.equal((await ask()).statusCode, 429)
})
