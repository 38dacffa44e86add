import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import Fastify from 'fastify'
import { serviceCaller } from '../accounts/caller.ts'
import { until } from '../testing/until.ts'
import { createRunEvents } from './run-events.ts'

const mostReaders = 2000
const shutdown = 'event: shutdown\nretry: 1000\ndata: {}\n\n'

/** A server whose every answer is a run without end, that begins when `before` is over. */
async function openServer(t: TestContext, before = Promise.resolve()) {
  const app = Fastify()
  t.after(() => app.close())
  const sendEvents = createRunEvents(app)
  let begun = 0
  let left = 0
  app.get('/', (_request, reply) =>
    sendEvents(serviceCaller('reader'), reply, async () => {
      begun += 1
      await before
      return { follow: endless, isEnded: false }
    }),
  )
  app.setErrorHandler((error, _request, reply) =>
    reply.code(isProblem(error) ? error.status : 500).send({ error: String(error) }),
  )
  await app.ready()
  return { app, begun: () => begun, left: () => left }

  async function* endless(signal: AbortSignal) {
    if (!signal.aborted)
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
    left += 1
    yield [] as const
  }
}

test('every reader is told when the server stops, and a run for which there is no reader left is not begun', async t => {
  const { app, begun, left } = await openServer(t)
  const readers = Array.from({ length: mostReaders }, async () => await app.inject('/'))
  await until(() => begun() === mostReaders, 'all read')
  assert.equal((await app.inject('/')).statusCode, 429)
  assert.equal(begun(), mostReaders)
  await app.close()
  for (const { statusCode, body } of await Promise.all(readers))
    assert.deepEqual([statusCode, body], [200, shutdown])
  assert.equal(left(), mostReaders)
})

test('who comes to read just before the server stops is told so too', async t => {
  const gate = Promise.withResolvers<void>()
  const { app, begun } = await openServer(t, gate.promise)
  let isClosing = false
  app.addHook('preClose', done => {
    isClosing = true
    done()
  })
  const reply = (async () => await app.inject('/'))()
  await until(() => begun() === 1, 'it is on its way')
  const closed = app.close()
  await until(() => isClosing, 'the others were told')
  gate.resolve()
  const { statusCode, body } = await reply
  assert.deepEqual([statusCode, body], [200, shutdown])
  await closed
})
