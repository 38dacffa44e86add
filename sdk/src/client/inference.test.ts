import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { type TestContext, test } from 'node:test'
import { decodeInferRequest } from '../tensors/infer-request.ts'
import { encodeInferResponse } from '../tensors/infer-response.ts'
import type { Signature, Tensor } from '../tensors/tensor.ts'
import { serve } from '../testing/serve.ts'
import { type Client, createClient } from './client.ts'

type Asked = { call: string; headers: IncomingHttpHeaders; body: Uint8Array }
type Answer = { status?: number; headers?: Record<string, string>; body: Uint8Array | string }

async function connect(
  t: TestContext,
  answer: (asked: Asked) => Answer,
): Promise<{ client: Client; asked: Asked[] }> {
  const asked: Asked[] = []
  const baseUrl = await serve(t, async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const now = {
      call: `${request.method} ${request.url}`,
      headers: request.headers,
      body: Buffer.concat(chunks),
    }
    asked.push(now)
    const { status = 200, headers = {}, body } = answer(now)
    response.writeHead(status, headers).end(body)
  })
  return { client: createClient({ baseUrl }), asked }
}

const signature: Signature = {
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [null, 2] },
    { name: 'ids', datatype: 'INT64', shape: [null] },
  ],
  outputs: [
    { name: 'x', datatype: 'FP32', shape: [null, 2] },
    { name: 'ids', datatype: 'INT64', shape: [null] },
  ],
}
const inputs: Tensor[] = [
  { name: 'x', datatype: 'FP32', shape: [1, 2], data: new Float32Array([1.5, Number.NaN]) },
  { name: 'ids', datatype: 'INT64', shape: [1], data: new BigInt64Array([2n ** 62n + 1n]) },
]

/** A model that gives back its inputs. */
function echo({ headers, body }: Asked): Answer {
  const length = headers['inference-header-content-length']
  const request = decodeInferRequest(body, length === undefined ? undefined : Number(length), signature)
  const { id } = request
  const reply = encodeInferResponse({
    modelName: 'echo',
    modelVersion: '3',
    id,
    outputs: request.inputs,
    requested: request.outputs,
  })
  const { headerLength } = reply
  const lengthHeader =
    headerLength === undefined ? {} : { 'inference-header-content-length': String(headerLength) }
  return { headers: lengthHeader, body: reply.body }
}

for (const binary of [true, false]) {
  test(`tensors come back exactly as they were sent, ${binary ? 'as bytes' : 'as JSON'}`, async t => {
    const { client, asked } = await connect(t, echo)
    const options = binary ? { inputs, id: '7' } : { inputs, id: '7', binary }
    const got = await client.inference.infer('echo', options)
    assert.deepEqual(got, { modelName: 'echo', modelVersion: '3', id: '7', outputs: inputs })
    const [request] = asked
    assert.equal(request?.call, 'POST /v2/models/echo/infer')
    assert.equal(request?.headers['accept-encoding'], 'identity')
    assert.equal(request?.headers['content-type'], binary ? 'application/octet-stream' : 'application/json')
    assert.equal('inference-header-content-length' in (request?.headers ?? {}), binary)
  })
}

test('one version and some of the outputs can be asked for', async t => {
  const { client, asked } = await connect(t, echo)
  const { outputs } = await client.inference.infer('echo', { inputs, version: 'canary', outputs: ['ids'] })
  assert.deepEqual(outputs, [inputs[1]])
  assert.equal(asked[0]?.call, 'POST /v2/models/echo/versions/canary/infer')
})

test('a reply that is not tensors is not taken for a mistake of the caller', async t => {
  const { client } = await connect(t, () => ({ body: '{"model_name":"echo","outputs":[{"name":"y"}]}' }))
  const infer = client.inference.infer('echo', { inputs })
  await assert.rejects(infer, {
    name: 'UnexpectedReply',
    message: /POST .*echo\/infer cannot be read as tensors/,
  })
})

test('a protocol error becomes a problem with its text', async t => {
  const answer = { status: 400, body: '{"error":"input \\"x\\": expected [?,2], got [3]"}' }
  const { client } = await connect(t, () => answer)
  const infer = client.inference.infer('echo', { inputs })
  await assert.rejects(infer, { name: 'Problem', status: 400, message: 'input "x": expected [?,2], got [3]' })
})

test('a model is ready, not ready, or not there', async t => {
  const statuses = [200, 503, 404]
  const { client } = await connect(t, () => ({
    status: statuses.shift() ?? 500,
    body: '{"error":"no such model"}',
  }))
  assert.equal(await client.inference.ready('iris'), true)
  assert.equal(await client.inference.ready('iris'), false)
  await assert.rejects(client.inference.ready('iris'), { code: 'model-not-found' })
})

test('metadata, repository and statistics are asked for at their paths', async t => {
  const metadata = { name: 'iris', versions: ['1'], platform: 'onnxruntime_onnx', inputs: [], outputs: [] }
  const index = [{ name: 'iris', version: '1', state: 'READY', reason: '' }]
  const replies = [
    metadata,
    { name: 'iris', load: true },
    index,
    { name: 'iris', unload: true },
    { model_stats: [] },
    { model_stats: [] },
  ]
  const { client, asked } = await connect(t, () => ({ body: JSON.stringify(replies.shift()) }))
  const { inference } = client
  assert.deepEqual(await inference.metadata('iris', { version: '1' }), metadata)
  await inference.load('iris')
  assert.deepEqual(await inference.index({ ready: true }), index)
  await inference.unload('iris')
  assert.deepEqual(await inference.stats(), { model_stats: [] })
  assert.deepEqual(await inference.stats('iris', { version: '1' }), { model_stats: [] })
  assert.deepEqual(
    asked.map(({ call, body }) => `${call} ${new TextDecoder().decode(body)}`.trim()),
    [
      'GET /v2/models/iris/versions/1',
      'POST /v2/repository/models/iris/load {}',
      'POST /v2/repository/index {"ready":true}',
      'POST /v2/repository/models/iris/unload {}',
      'GET /v2/models/stats',
      'GET /v2/models/iris/versions/1/stats',
    ],
  )
})
