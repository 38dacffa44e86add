import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import Fastify from 'fastify'
import { turnedClock } from '../testing/turned-clock.ts'
import { until } from '../testing/until.ts'
import { toProblem } from './problems.ts'
import { refuseBody } from './refused-body.ts'

test('whoever goes on sending for ten seconds after a refusal is cut off', async t => {
  const clock = turnedClock()
  const app = Fastify({ forceCloseConnections: true })
  t.after(() => app.close())
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
  app.post('/', async request => {
    for await (const _ of request.raw.iterator({ destroyOnReturn: false }))
      throw new Problem('storage-full', 'The disk is full.')
  })
  app.setErrorHandler((error, request, reply) => {
    const { status, code } = toProblem(error)
    refuseBody(request, reply, { code, clock })
    return reply.code(status).send(code)
  })
  const { port, hostname: host } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = connect({ port: Number(port), host, allowHalfOpen: true })
  t.after(() => socket.destroy())
  let back = ''
  let isEnded = false
  let isClosed = false
  let sentBytes = 0
  socket.on('data', part => (back += part))
  socket.on('end', () => (isEnded = true)).on('close', () => (isClosed = true))
  socket.on('error', () => {})
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-type: a/b\r\ntransfer-encoding: chunked\r\n\r\n')
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
  const sendMore = () => {
    socket.write(chunk, error => {
      if (error) return
      sentBytes += chunk.length
      sendMore()
    })
  }
  sendMore()
  await until(() => isEnded, 'the answer has come')
  assert.match(back, /^HTTP\/1\.1 507 [\s\S]*\r\nconnection: close\r\n[\s\S]*storage-full$/i)
  clock.turn(9_999)
  const before = sentBytes
  await until(() => sentBytes > before + 20_000_000, 'what is sent is thrown away')
  assert.equal(isClosed, false)
  clock.turn(1)
  await until(() => isClosed, 'the connection is cut')
})
