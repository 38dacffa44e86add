import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import Fastify from 'fastify'
import { until } from '../testing/until.ts'
import { goneSignal } from './gone.ts'

/** A server whose handler waits for `goOn` before it asks for the signal, and for `finish` before it answers. */
async function openServer(scope: { after(callback: () => Promise<void>): void }) {
  const app = Fastify({ forceCloseConnections: true })
  scope.after(() => app.close())
  const [arrived, goOn, finish, ended] = [0, 1, 2, 3].map(() => Promise.withResolvers<void>())
  assert.ok(arrived && goOn && finish && ended)
  let signal: AbortSignal | undefined
  app.get('/', async (_request, reply) => {
    reply.raw.once('close', () => ended.resolve())
    arrived.resolve()
    await goOn.promise
    signal = goneSignal(reply)
    await finish.promise
    return 'answered'
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const address = app.server.address()
  assert.ok(address && typeof address === 'object')
  const socket = connect(address.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await arrived.promise
  return { socket, goOn: goOn.resolve, finish: finish.resolve, ended: ended.promise, signal: () => signal }
}

test('the signal is aborted when the client goes away before its answer', async t => {
  const { socket, goOn, finish, signal } = await openServer(t)
  goOn()
  await until(() => signal() !== undefined, 'the signal is asked for')
  assert.equal(signal()?.aborted, false)
  socket.destroy()
  await until(() => signal()?.aborted === true, 'it is aborted')
  finish()
})

test('the signal of a client that has gone already is aborted from the start', async t => {
  const { socket, goOn, finish, ended, signal } = await openServer(t)
  socket.destroy()
  await ended
  goOn()
  await until(() => signal() !== undefined, 'the signal is asked for')
  assert.equal(signal()?.aborted, true)
  finish()
})

test('the signal of a client that got its answer is never aborted', async t => {
  const { socket, goOn, finish, ended, signal } = await openServer(t)
  goOn()
  finish()
  const [answer] = await once(socket, 'data')
  assert.match(String(answer), /^HTTP\/1\.1 200/)
  await ended
  socket.destroy()
  await once(socket, 'close')
  assert.equal(signal()?.aborted, false)
})
