import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import type { TestHouse } from '../src/testing/house.ts'
import { until } from '../src/testing/until.ts'
import { openStorage } from './storage-requests.ts'

/** More than the buffers of a connection hold: a body of it is only sent whole when the server reads it. */
const bodyBytes = 40 * 1024 * 1024
const boundary = 'form-boundary'

/** As many clients do: the whole request first, and only then a look at what came back. */
async function sendThenRead(house: TestHouse, head: string, body: Uint8Array): Promise<string> {
  const { hostname, port } = new URL(house.url)
  const socket = connect(Number(port), hostname)
  const failures: Error[] = []
  let back = ''
  let isSent = false
  let isClosed = false
  socket.on('error', error => failures.push(error)).on('close', () => (isClosed = true))
  socket.write(head)
  socket.write(body, () => (isSent = true))
  try {
    await until(() => isSent || isClosed, 'the body is sent')
    assert.deepEqual(failures, [])
    socket.on('data', part => (back += part))
    await until(() => isClosed, 'the server ends the connection')
  } finally {
    socket.destroy()
  }
  return back
}

test('an upload that is refused in the middle is answered, also to a client that sends all of it before it reads', async t => {
  const { house, user, authorization } = await openStorage(t)
  const images = { name: 'images', allowed_mime_types: ['image/*'], file_size_limit: 1_000_000 }
  await house.fetch('/storage/v1/bucket', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(images),
  })
  const { files } = house.ground
  const put = files.put
  // A disk that is full after the first megabyte of a file.
  files.put = (key, source, options) =>
    put(key, source, { maxBytes: Math.min(options.maxBytes, 1_000_000) }).catch(error => {
      throw options.maxBytes > 1_000_000 ? new Problem('storage-full', 'The disk is full.') : error
    })

  const form = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name=""; filename="f"\r\ncontent-type: text/plain\r\n\r\n`,
    ),
    Buffer.alloc(bodyBytes),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
  const chunked = Buffer.concat([
    Buffer.from(`${bodyBytes.toString(16)}\r\n`),
    Buffer.alloc(bodyBytes),
    Buffer.from('\r\n0\r\n\r\n'),
  ])
  for (const { bucket, type, body, length, status, code } of [
    { bucket: 'docs', type: 'text/plain', body: form, status: 507, code: 'InsufficientStorage' },
    { bucket: 'docs', type: 'form', body: form, status: 507, code: 'InsufficientStorage' },
    {
      bucket: 'images',
      type: 'image/png',
      body: chunked,
      length: 'none',
      status: 400,
      code: 'EntityTooLarge',
    },
    { bucket: 'images', type: 'form', body: form, status: 400, code: 'EntityTooLarge' },
  ]) {
    const contentType = type === 'form' ? `multipart/form-data; boundary=${boundary}` : type
    const lengthLine = length ? 'transfer-encoding: chunked' : `content-length: ${body.byteLength}`
    const head = `POST /storage/v1/object/${bucket}/${user.id}/a HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\ncontent-type: ${contentType}\r\n${lengthLine}\r\n\r\n`
    const answer = await sendThenRead(house, head, body)
    const title = `${bucket} ${type}`
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), title)
    assert.match(answer, /\r\nconnection: close\r\n/i, title)
    assert.match(answer, new RegExp(`"code":"${code}"`), title)
  }
})

test('a refusal of a body that was read to its end leaves the connection to the next request', async t => {
  const { house, user, authorization } = await openStorage(t)
  const form = new FormData()
  form.set('file', new Blob(['x'], { type: 'nonsense' }))
  const reply = await fetch(`${house.url}/storage/v1/object/docs/${user.id}/a`, {
    method: 'POST',
    headers: { authorization },
    body: form,
  })
  const { code } = (await reply.json()) as { code: string }
  assert.deepEqual([reply.status, code], [400, 'InvalidMimeType'])
  assert.equal(reply.headers.get('connection'), 'keep-alive')
})
