import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  inferenceLive,
  inferenceModel,
  inferenceModelReady,
  inferenceModels,
  inferenceReady,
  inferenceServer,
  inferResponse,
  problemBody,
} from '@roundhouse/sdk/contract'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { denseModel, mlpModel, scalarModel, stringModel } from '../src/testing/onnx/models.ts'
import { post, refusedWith, send } from './wire.ts'

// The Open Inference Protocol, version 2. Where known servers differ: 503 when not ready, 404 for what is unknown,
// flat data, and one shape of errors on every path under /v2.

describe('the Open Inference Protocol', () => {
  let house: TestHouse
  const small = (seed: number) => mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed })
  const row = { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] }

  before(async () => {
    house = await testHouse({ after() {} }, { MAX_PREDICT_BODY_BYTES: '65536' })
    await house.pushed('price', small(1), { version: 'v10' })
    await house.pushed('price', small(2), { version: 'v11' })
    await house.pushed('words', stringModel())
    await house.pushed('one', scalarModel())
  })
  after(() => house?.close())

  async function get(path: string): Promise<unknown> {
    const response = await house.fetch(path)
    const text = await response.text()
    assert.equal(response.status, 200, text)
    assert.match(response.headers.get('content-type') ?? '', /^application\/json\b/)
    return JSON.parse(text)
  }

  test('the server says its name, version and only the extensions that work, with and without a slash', async () => {
    const body = inferenceServer.strict().parse(await get('/v2'))
    assert.equal(body.name, 'roundhouse')
    assert.deepEqual(body.extensions, [
      'binary_tensor_data',
      'classification',
      'model_configuration',
      'model_repository',
      'model_repository(unload_dependents)',
      'parameters',
      'statistics',
    ])
    assert.deepEqual(await get('/v2/'), body)
  })

  test('live and ready are answered without a key', async () => {
    for (const [path, body] of [
      ['/v2/health/live', { live: true }],
      ['/v2/health/ready', { ready: true }],
    ] as const) {
      const response = await fetch(house.url + path)
      assert.equal(response.status, 200)
      assert.deepEqual(await response.json(), body)
    }
    inferenceLive.parse(await get('/v2/health/live'))
    inferenceReady.parse(await get('/v2/health/ready'))
  })

  test('every other path needs a key, and says so in the protocol’s own form', async () => {
    for (const [method, path] of [
      ['GET', '/v2'],
      ['GET', '/v2/models'],
      ['GET', '/v2/models/price'],
      ['POST', '/v2/models/price/infer'],
      ['GET', '/v2/models/stats'],
      ['POST', '/v2/repository/index'],
      ['POST', '/v2/repository/models/price/unload'],
    ] as const) {
      for (const headers of [{}, { authorization: 'Bearer wrong' }, { 'x-api-key': 'wrong' }]) {
        const response = await fetch(house.url + path, { method, headers: new Headers(headers) })
        assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="roundhouse"')
        assert.match(await refusedWith(401, response), /key/)
      }
    }
    inferResponse.parse(await (await post(house, '/v2/models/price/infer', row)).json())
  })

  test('the models are listed by name, each once', async () => {
    assert.deepEqual(inferenceModels.strict().parse(await get('/v2/models')), {
      models: ['one', 'price', 'words'],
    })
  })

  test('a model tells its versions, inputs and outputs; -1 is a size that a request chooses', async () => {
    const body = inferenceModel.strict().parse(await get('/v2/models/price'))
    const { properties, ...rest } = body
    assert.deepEqual(rest, {
      name: 'price',
      versions: ['v10', 'v11'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 3] }],
    })
    assert.equal(properties?.producer, 'roundhouse')
    assert.deepEqual(await get('/v2/models/price/versions/v10'), body)
    const words = inferenceModel.parse(await get('/v2/models/words'))
    assert.deepEqual(words.inputs, [{ name: 'word', datatype: 'BYTES', shape: [-1] }])
    assert.deepEqual(inferenceModel.parse(await get('/v2/models/one')).inputs[0]?.shape, [])
  })

  test('without a version in the path the newest answers, with one that version', async () => {
    const answers = new Map<string, unknown>()
    for (const place of ['', '/versions/v10', '/versions/v11']) {
      const reply = inferResponse
        .strict()
        .parse(await (await post(house, `/v2/models/price${place}/infer`, row)).json())
      assert.equal(reply.model_name, 'price')
      answers.set(`${place} ${reply.model_version}`, reply.outputs[0]?.data)
    }
    assert.deepEqual([...answers.keys()], [' v11', '/versions/v10 v10', '/versions/v11 v11'])
    const [newest, old, same] = answers.values()
    assert.deepEqual(newest, same)
    assert.notDeepEqual(newest, old)
  })

  test('an unknown model, version or path is 404 and names what there is', async () => {
    for (const rest of ['', '/ready', '/config', '/stats', '/versions/1', '/versions/1/ready']) {
      assert.match(await refusedWith(404, await house.fetch(`/v2/models/absent${rest}`)), /absent/)
    }
    for (const rest of ['', '/ready', '/config', '/stats']) {
      const text = await refusedWith(404, await house.fetch(`/v2/models/price/versions/v12${rest}`))
      assert.match(text, /no version v12.*v11, v10/)
    }
    assert.match(await refusedWith(404, await post(house, '/v2/models/absent/infer', row)), /absent/)
    assert.match(await refusedWith(404, await post(house, '/v2/models/price/versions/1/infer', row)), /v10/)
    for (const path of [
      '/v2/nothing',
      '/v2/models/price/nothing',
      '/v2/models/price/versions',
      '/v2//models',
    ]) {
      assert.match(await refusedWith(404, await house.fetch(path)), /Nothing is served/)
    }
  })

  test('a model is ready when it is warm', async () => {
    for (const path of ['/v2/models/price/ready', '/v2/models/price/versions/v10/ready']) {
      assert.deepEqual(inferenceModelReady.strict().parse(await get(path)), { name: 'price', ready: true })
    }
  })

  test('a name may be percent-encoded, and never leads elsewhere', async () => {
    const body = await get('/v2/models/price')
    assert.deepEqual(await get('/v2/models/%70ric%65'), body)
    assert.deepEqual(await get('/v2/models/price/versions/%7610'), body)
    for (const name of [
      'a%2Fb',
      '..%2Fprice',
      '%2E%2E%2Fprice',
      'price%00',
      '%20',
      'a%20b',
      'price%3Fx',
      '%E2%82%AC',
    ]) {
      await refusedWith(400, await house.fetch(`/v2/models/${name}`))
      await refusedWith(400, await post(house, `/v2/models/${name}/infer`, row))
    }
    const broken = await send(house, 'GET', '/v2/models/%zz')
    assert.equal(broken.status, 400)
    assert.deepEqual(Object.keys(JSON.parse(broken.body)), ['error'])
    const long = await house.fetch(`/v2/models/${'a'.repeat(300)}`)
    await refusedWith(404, long)
    const refused = await house.push('stats', scalarModel())
    assert.match(problemBody.parse(await refused.json()).detail, /stats/)
  })

  test('a method that a path does not have is 405, with those it has in Allow', async () => {
    const byMethod = {
      'GET, HEAD': [
        '/v2',
        '/v2/health/live',
        '/v2/health/ready',
        '/v2/models',
        '/v2/models/stats',
        '/v2/models/price',
        '/v2/models/price/ready',
        '/v2/models/price/config',
        '/v2/models/price/stats',
        '/v2/models/price/versions/v10',
        '/v2/models/price/versions/v10/ready',
        '/v2/models/price/versions/v10/config',
        '/v2/models/price/versions/v10/stats',
      ],
      POST: [
        '/v2/models/price/infer',
        '/v2/models/price/versions/v10/infer',
        '/v2/repository/index',
        '/v2/repository/models/price/load',
        '/v2/repository/models/price/unload',
      ],
    }
    for (const [allowed, paths] of Object.entries(byMethod)) {
      for (const path of paths) {
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']) {
          if (allowed.split(', ').includes(method)) continue
          const reply = await send(house, method, path)
          const where = `${method} ${path}`
          assert.equal(reply.status, 405, where)
          assert.equal(reply.headers.allow, allowed, where)
          assert.match(String(reply.headers['content-type']), /^application\/json/, where)
          if (method !== 'HEAD') assert.deepEqual(Object.keys(JSON.parse(reply.body)), ['error'], where)
        }
      }
    }
  })

  test('HEAD answers the headers of GET', async () => {
    for (const path of ['/v2', '/v2/health/ready', '/v2/models/price', '/v2/models/price/ready']) {
      const [head, get] = [await send(house, 'HEAD', path), await send(house, 'GET', path)]
      assert.equal(head.status, 200)
      assert.equal(head.headers['content-length'], get.headers['content-length'])
      assert.equal(head.body, '')
    }
    assert.equal((await send(house, 'HEAD', '/v2/models/absent')).status, 404)
  })

  test('what is larger than the limit is 413, as announced, in pieces, and unpacked', async () => {
    const large = JSON.stringify({ ...row, parameters: { note: 'a'.repeat(70_000) } })
    assert.match(await refusedWith(413, await post(house, '/v2/models/price/infer', large)), /larger/)
    const chunked = new Blob([large]).stream()
    const inPieces = await house.fetch('/v2/models/price/infer', {
      method: 'POST',
      body: chunked,
      duplex: 'half',
    } as RequestInit)
    await refusedWith(413, inPieces)
    const packed = new Blob([large]).stream().pipeThrough(new CompressionStream('gzip'))
    const bytes = await new Response(packed).arrayBuffer()
    const headers = { 'content-encoding': 'gzip' }
    const unpacked = await house.fetch('/v2/models/price/infer', { method: 'POST', body: bytes, headers })
    assert.match(await refusedWith(413, unpacked), /65536 bytes once decompressed/)
    await refusedWith(413, await post(house, '/v2/repository/index', ' '.repeat(2 ** 20 + 1)))
  })

  test('a content encoding that is not known is 415, with those that are', async () => {
    for (const encoding of ['br', 'zstd', 'gzip, gzip', 'x']) {
      const response = await post(house, '/v2/models/price/infer', row, { 'content-encoding': encoding })
      assert.equal(response.headers.get('accept-encoding'), 'gzip, deflate')
      await refusedWith(415, response)
    }
  })

  test('the id of a request comes back with its answer, also with a refusal', async () => {
    const headers = { 'x-request-id': 'a-B.c_1' }
    for (const [path, status] of [
      ['/v2', 200],
      ['/v2/models/absent', 404],
      ['/v2/nothing', 404],
    ] as const) {
      const response = await house.fetch(path, { headers })
      assert.equal(response.status, status)
      assert.equal(response.headers.get('x-request-id'), 'a-B.c_1')
    }
    const refused = await post(house, '/v2/models/price/infer', '{', headers)
    assert.equal(refused.headers.get('x-request-id'), 'a-B.c_1')
    const made = new Set<string | null>()
    for (const id of ['a b', 'a'.repeat(129), '"', '<script>']) {
      made.add((await house.fetch('/v2', { headers: { 'x-request-id': id } })).headers.get('x-request-id'))
    }
    assert.equal(made.size, 4)
    for (const id of made) assert.match(id ?? '', /^[0-9a-f-]{36}$/)
  })

  test('a server that lacks a required model is not ready, and says why; without required models it is', async t => {
    const waiting = await testHouse(t, { REQUIRED_MODELS: 'price,words' })
    await waiting.pushed('words', stringModel())
    const response = await waiting.fetch('/v2/health/ready')
    assert.match(response.headers.get('retry-after') ?? '', /^\d+$/)
    const text = await refusedWith(503, response)
    assert.match(text, /price/)
    assert.doesNotMatch(text, /words/)
    await waiting.pushed('price', denseModel())
    assert.equal((await waiting.fetch('/v2/health/ready')).status, 200)
    const verbose = await waiting.fetch('/v2/health/ready?verbose')
    const { ready, models } = (await verbose.json()) as { ready: boolean; models: Record<string, unknown>[] }
    assert.equal(ready, true)
    const states = models.map(({ name, required, state, serves }) => ({ name, required, state, serves }))
    const warm = { required: true, state: 'warm', serves: true }
    assert.deepEqual(
      states.sort((a, b) => String(a.name).localeCompare(String(b.name))),
      [
        { name: 'price', ...warm },
        { name: 'words', ...warm },
      ],
    )
    await post(waiting, '/v2/repository/models/words/unload')
    assert.match(await refusedWith(503, await waiting.fetch('/v2/health/ready')), /words was unloaded/)
  })
})
