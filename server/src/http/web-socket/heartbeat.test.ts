import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { until } from '../../testing/until.ts'
import { createHeartbeat } from './heartbeat.ts'

async function connect(t: TestContext, options: { autoPong: boolean }) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  const client = new WebSocket(`ws://127.0.0.1:${address.port}`, options)
  const [socket] = (await once(server, 'connection')) as [WebSocket]
  await once(client, 'open')
  t.after(() => {
    client.terminate()
    server.close()
  })
  let pongs = 0
  socket.on('pong', () => {
    pongs += 1
  })
  let taken = 0
  const send = (data: string) =>
    socket.send(data, () => {
      taken += 1
    })
  return { client, socket, send, beat: createHeartbeat(socket, () => taken), pongs: () => pongs }
}

test('a client that answers stays connected', async t => {
  const { client, beat, pongs } = await connect(t, { autoPong: true })
  for (let beats = 1; beats <= 3; beats++) {
    beat()
    await until(() => pongs() === beats, 'the client answers')
  }
  assert.equal(client.readyState, WebSocket.OPEN)
})

test('a client that does not answer is cut off at the next beat, not before', async t => {
  const { client, beat } = await connect(t, { autoPong: false })
  const pinged = once(client, 'ping')
  beat()
  await pinged
  assert.equal(client.readyState, WebSocket.OPEN)
  beat()
  await until(() => client.readyState === WebSocket.CLOSED, 'it is cut off')
})

/** More than the two ends keep between them. */
const large = 'x'.repeat(32 * 1024 * 1024)

test('a client that reads slowly is not cut off while it takes something', async t => {
  const { client, socket, send, beat } = await connect(t, { autoPong: true })
  let received = 0
  client.on('message', () => {
    received += 1
  })
  for (let message = 1; message <= 4; message++) {
    client.pause()
    send(large)
    for (let beats = 0; beats < 2; beats++) beat()
    assert.equal(socket.readyState, WebSocket.OPEN)
    client.resume()
    await until(() => received === message && socket.bufferedAmount === 0, 'it has taken the message')
  }
})

test('a client that takes nothing from one beat to the third is cut off', async t => {
  const { client, socket, send, beat } = await connect(t, { autoPong: true })
  client.pause()
  send(large)
  for (let beats = 0; beats < 2; beats++) beat()
  assert.equal(socket.readyState, WebSocket.OPEN)
  beat()
  await until(() => socket.readyState === WebSocket.CLOSED, 'it is cut off')
})
