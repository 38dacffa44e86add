import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import { until } from '../testing/until.ts'
import { wantedSignal } from './wanted.ts'

/** A server whose handler does nothing but wait for its signal, and says what it was told. */
async function openServer(scope: { after(callback: () => Promise<void>): void }, limitMs: number) {
  const app = Fastify({ forceCloseConnections: true })
  scope.after(() => app.close())
  const told: unknown[] = []
  let arrived = 0
  app.post('/', async (_request, reply) => {
    arrived += 1
    const signal = wantedSignal(reply, limitMs)
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    told.push(signal.reason.code)
    return { told: signal.reason.code }
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const post = (signal?: AbortSignal) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"data":1}',
      signal: signal ?? null,
    })
  return { post, told, arrived: () => arrived }
}

test('work behind a body that was read is told when its time is over', async t => {
  const { post } = await openServer(t, 50)
  assert.deepEqual(await (await post()).json(), { told: 'request-timeout' })
})

test('work behind a body that was read is told when the client goes away, and not before', async t => {
  const { post, told, arrived } = await openServer(t, 60_000)
  const client = new AbortController()
  const reply = post(client.signal)
  await until(() => arrived() === 1, 'the request arrives')
  await new Promise(setImmediate)
  assert.deepEqual(told, [])
  client.abort()
  await assert.rejects(reply)
  await until(() => told.length === 1, 'the work is told')
  assert.deepEqual(told, ['client-closed'])
})
