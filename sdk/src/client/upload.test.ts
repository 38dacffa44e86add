import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import type { Model } from '../contract/model.ts'
import { serve } from '../testing/serve.ts'
import { createClient } from './client.ts'
import { ConnectionError } from './errors.ts'
import type { UploadProgress } from './upload.ts'

const model: Model = {
  id: '0199a6e0-0000-7000-8000-000000000001',
  owner_id: null,
  name: 'price',
  version: '1',
  description: null,
  status: 'uploaded',
  error: null,
  visibility: 'private',
  price: 0,
  kind: null,
  format: 'onnx',
  file_hash: null,
  file_size_bytes: null,
  input_schema: null,
  output_schema: null,
  metadata: {},
  created_at: '2026-11-21T12:00:00.000Z',
  updated_at: '2026-11-21T12:00:00.000Z',
}
// Not a multiple of the chunk, so that the last one is short.
const bytes = Uint8Array.from({ length: 1_000_003 }, (_value, index) => index % 251)

async function readBody(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** By a parser that is not ours. */
function parseForm(request: IncomingMessage, body: Buffer<ArrayBuffer>): Promise<FormData> {
  const headers = { 'content-type': request.headers['content-type'] ?? '' }
  return new Response(body, { headers }).formData()
}

for (const [kind, file, expectedName] of [
  ['Uint8Array', bytes, 'model.onnx'],
  ['Blob', new Blob([bytes]), 'model.onnx'],
  ['File', new File([bytes], 'price "new".onnx'), 'price "new".onnx'],
] as const) {
  test(`a ${kind} arrives byte for byte, with its size announced and its progress reported`, async t => {
    const seen: { path?: string; announced?: number; received?: number; form?: FormData } = {}
    const baseUrl = await serve(t, async (request, response) => {
      const body = await readBody(request)
      seen.path = request.url ?? ''
      seen.announced = Number(request.headers['content-length'])
      seen.received = body.length
      seen.form = await parseForm(request, body)
      response.end(JSON.stringify(model))
    })
    const reports: UploadProgress[] = []
    const onProgress = (progress: UploadProgress) => reports.push(progress)
    const uploaded = await createClient({ baseUrl }).models.upload(model.id, file, { onProgress })

    assert.deepEqual(uploaded, model)
    assert.equal(seen.path, `/api/v1/models/${model.id}/upload`)
    assert.equal(seen.announced, seen.received)
    const received = seen.form?.get('file')
    assert(received instanceof File)
    assert.equal(received.name, expectedName)
    assert.deepEqual(new Uint8Array(await received.arrayBuffer()), bytes)

    assert(reports.length > 10)
    assert(reports.every(({ sentBytes }, index) => sentBytes > (reports[index - 1]?.sentBytes ?? 0)))
    assert.deepEqual(reports.at(-1), { sentBytes: seen.announced, totalBytes: seen.announced })
  })
}

test('a push sends name and version ahead of the file', async t => {
  let order: string[] = []
  const baseUrl = await serve(t, async (request, response) => {
    const form = await parseForm(request, await readBody(request))
    order = Array.from(form, ([name, value]) => (typeof value === 'string' ? `${name}=${value}` : name))
    response.writeHead(201).end(JSON.stringify({ ...model, status: 'ready' }))
  })
  const pushed = await createClient({ baseUrl }).models.push(bytes, { name: 'price', version: 'é2' })
  assert.equal(pushed.status, 'ready')
  assert.deepEqual(order, ['name=price', 'version=é2', 'file'])
})

test('an upload that is refused for a while is sent again as a whole', async t => {
  const sizes: number[] = []
  const baseUrl = await serve(t, async (request, response) => {
    sizes.push((await readBody(request)).length)
    if (sizes.length === 2) return response.end(JSON.stringify(model))
    const body = { error: 'Stopping.', code: 'shutting-down', detail: 'Stopping.', request_id: 'r' }
    response.writeHead(503, { 'retry-after': '0' }).end(JSON.stringify(body))
  })
  assert.deepEqual(await createClient({ baseUrl }).models.upload(model.id, new Blob([bytes])), model)
  assert.equal(sizes.length, 2)
  assert.equal(sizes[0], sizes[1])
})

test('a refusal before the whole file has arrived is the problem, not a broken connection', async t => {
  const baseUrl = await serve(t, (request, response) => {
    request.once('data', () => {
      const body = {
        error: 'Too large.',
        code: 'payload-too-large',
        detail: 'The limit is 1 MB.',
        request_id: 'r',
      }
      response.writeHead(413).end(JSON.stringify(body))
      request.resume()
    })
  })
  const upload = createClient({ baseUrl }).models.upload(model.id, new Uint8Array(20_000_000))
  await assert.rejects(upload, { code: 'payload-too-large', message: 'The limit is 1 MB.' })
})

test('an abort breaks off an upload under way', async t => {
  const controller = new AbortController()
  const cutOff = Promise.withResolvers<boolean>()
  const baseUrl = await serve(t, request => {
    request.on('error', () => {})
    request.on('close', () => cutOff.resolve(!request.complete))
    request.once('data', () => controller.abort(new Error('cancelled by the user')))
  })
  const options = { signal: controller.signal }
  const upload = createClient({ baseUrl }).models.upload(model.id, new Uint8Array(20_000_000), options)
  await assert.rejects(upload, { message: 'cancelled by the user' })
  assert.equal(await cutOff.promise, true)
})

test('an upload that no longer gets on is given up', async t => {
  const baseUrl = await serve(t, request => request.pause())
  // More than the buffers of both sockets hold.
  const upload = createClient({ baseUrl, timeoutMs: 200 }).models.upload(model.id, new Uint8Array(50_000_000))
  await assert.rejects(
    upload,
    (error: unknown) => error instanceof ConnectionError && error.reason === 'timeout',
  )
})
