import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { elementBytes, problemBody } from '@roundhouse/sdk/contract'
import { type TestHouse, testHouse, testKey } from '../src/testing/house.ts'
import { identityModel, twoByTwoModel } from '../src/testing/onnx/models.ts'
import { post, postBinary, refusedWith, sendRaw } from './wire.ts'

// Whatever a client sends to be predicted on is refused in the form of the surface, with a sentence, and leaves
// nothing behind: neither row nor file, nor a server that answers worse than before.

type Surface = 'inference' | 'roundhouse'

describe('what cannot be predicted on', () => {
  let house: TestHouse
  const ids: Record<string, string> = {}
  const limitBytes = 256 * 1024
  const x = { name: 'x', shape: [1, 2], datatype: 'INT32' }

  before(async () => {
    house = await testHouse({ after() {} }, { MAX_PREDICT_BODY_BYTES: String(limitBytes) })
    ids.whole = (await house.pushed('whole', identityModel('INT32', ['N', 2]))).id
    ids.long = (await house.pushed('long', identityModel('INT64', ['N', 2]))).id
    ids.real = (await house.pushed('real', identityModel('FP32', ['N', 2]))).id
    ids.flag = (await house.pushed('flag', identityModel('BOOL', ['N', 2]))).id
    ids.text = (await house.pushed('text', identityModel('BYTES', ['N']))).id
    ids.two = (await house.pushed('two', twoByTwoModel())).id
  })
  after(() => house?.close())

  const infer = (model: string, body: unknown, headers = {}) =>
    post(house, `/v2/models/${model}/infer`, body, headers)
  const predict = (model: string, body: unknown, headers = {}) =>
    post(house, `/api/v1/models/${ids[model]}/predict`, body, headers)

  /** The sentence of a refusal, whose form is that of the surface. */
  async function refusal(surface: Surface, response: Response, status = 400): Promise<string> {
    if (surface === 'inference') return refusedWith(status, response)
    const text = await response.text()
    assert.equal(response.status, status, text)
    const body = problemBody.strict().parse(JSON.parse(text))
    assert.equal(response.headers.get('x-request-id'), body.request_id)
    return body.detail
  }

  async function stillPredicts(): Promise<void> {
    const reply = await infer('whole', { inputs: [{ ...x, data: [1, 2] }] })
    assert.deepEqual(((await reply.json()) as { outputs: { data: number[] }[] }).outputs[0]?.data, [1, 2])
    assert.deepEqual(
      (await house.predict(ids.whole ?? '', { x: [[1, 2]] }, { skip_cache: true })).body.output_data,
      {
        y: [[1, 2]],
      },
    )
  }

  test('names, datatypes, shapes and counts that are not the model’s are refused with expected and got', async () => {
    const cases: [unknown[], RegExp][] = [
      [[{ ...x, name: 'z', data: [1, 2] }], /no input 'z'.*'x' \(INT32 \[-1,2\]\)/],
      [[{ ...x, name: 'X', data: [1, 2] }], /no input 'X'/],
      [[{ ...x, name: '__proto__', data: [1, 2] }], /no input/],
      [[{ ...x, name: 'a'.repeat(5000), data: [1, 2] }], /no input 'aaa/],
      [[], /'x' is missing.*For example/],
      [
        [
          { ...x, data: [1, 2] },
          { ...x, data: [1, 2] },
        ],
        /twice/,
      ],
      [[{ ...x, datatype: 'INT64', data: [1, 2] }], /expected datatype INT32, got INT64/],
      [[{ ...x, datatype: 'int32', data: [1, 2] }], /"int32" is not a datatype/],
      [[{ ...x, datatype: 'BF16', data: [1, 2] }], /"BF16" is not a datatype/],
      [[{ ...x, datatype: 7, data: [1, 2] }], /7 is not a datatype/],
      [[{ ...x, shape: [1, 3], data: [1, 2, 3] }], /expected shape \[-1,2\].*got \[1,3\].*For example/],
      [[{ ...x, shape: [2], data: [1, 2] }], /expected shape \[-1,2\].*got \[2\]/],
      [[{ ...x, shape: [-1, 2], data: [1, 2] }], /whole numbers from 0 on, got \[-1,2\]/],
      [[{ ...x, shape: [1.5, 2], data: [1, 2] }], /whole numbers/],
      [[{ ...x, shape: ['1', 2], data: [1, 2] }], /whole numbers/],
      [[{ ...x, shape: '[1,2]', data: [1, 2] }], /must be an array/],
      [[{ ...x, shape: [2 ** 53, 2], data: [1, 2] }], /whole numbers|2\^53/],
      [[{ ...x, shape: [2 ** 40, 2], data: [1, 2] }], /has 2199023255552 elements, the data has 2/],
      [[{ ...x, shape: [2 ** 52, 2], data: [] }], /2\^53|elements/],
      [[{ ...x, data: [1] }], /has 2 elements, the data has 1/],
      [[{ ...x, data: [1, 2, 3] }], /has 2 elements, the data has 3/],
      [[{ ...x, data: [] }], /the data has 0/],
      [[{ ...x, data: 1 }], /data must be an array/],
      [[{ ...x, data: { 0: 1, 1: 2 } }], /data must be an array/],
      [[x], /neither data nor binary_data_size/],
      [[{ ...x, data: [1, 2], parameters: { binary_data_size: 8 } }], /both data and binary_data_size/],
      [[{ ...x, parameters: { binary_data_size: 8 } }], /Inference-Header-Content-Length/],
      [[{ ...x, data: [1, 2], parameters: { a: {} } }], /string, number or boolean/],
      [[{ ...x, data: [1, 2], parameters: { a: null } }], /string, number or boolean/],
      [[{ ...x, data: [1, 2], parameters: [] }], /must be an object/],
      [[null], /inputs\[0\]/],
      [['x'], /inputs\[0\]/],
      [[{ shape: [1, 2], datatype: 'INT32', data: [1, 2] }], /inputs\[0\]/],
    ]
    for (const [inputs, sentence] of cases) {
      assert.match(await refusal('inference', await infer('whole', { inputs })), sentence)
    }
    const named: [unknown, RegExp][] = [
      [{ z: [[1, 2]] }, /no input 'z'/],
      [{}, /'x' is missing/],
      [{ x: [1, 2] }, /expected shape \[-1,2\].*got \[2\].*For example: \{"x":\[\[1,2\]\]\}/],
      [{ x: [[1, 2, 3]] }, /got \[1,3\]/],
      [{ x: [[1, 2], [3]] }, /not rectangular/],
      [{ x: [[1, [2]]] }, /not rectangular/],
      [{ x: 1 }, /got \[\]/],
      [{ x: null }, /\[\]|null/],
      [[], /must be an object/],
      ['x', /must be an object/],
    ]
    for (const [input_data, sentence] of named) {
      assert.match(await refusal('roundhouse', await predict('whole', { input_data })), sentence)
    }
    await stillPredicts()
  })

  test('numbers that the datatype does not hold are refused, never changed', async () => {
    const wrong: Record<string, unknown[]> = {
      whole: [2 ** 31, -(2 ** 31) - 1, 1.5, '1', true, null, 'NaN', {}, 1e300],
      real: [1e39, -1e39, '1', 'nan', 'Inf', true, null, {}],
      flag: [0, 1, 'true', null, 'NaN'],
    }
    for (const [model, values] of Object.entries(wrong)) {
      const datatype = { whole: 'INT32', real: 'FP32', flag: 'BOOL' }[model]
      const right = model === 'flag' ? true : 1
      for (const value of values) {
        const inputs = [{ ...x, datatype, data: [right, value] }]
        assert.match(await refusal('inference', await infer(model, { inputs })), /element 1/)
        const text = await refusal(
          'roundhouse',
          await predict(model, { input_data: { x: [[right, value]] } }),
        )
        assert.match(text, /element 1/)
      }
    }
    for (const literal of [
      '9223372036854775808',
      '-9223372036854775809',
      '1.5',
      '1e19',
      '1e400',
      '18446744073709551616',
    ]) {
      const body = `{"inputs":[{"name":"x","shape":[1,2],"datatype":"INT64","data":[1,${literal}]}]}`
      assert.match(await refusal('inference', await infer('long', body)), /element 1/)
      const own = `{"input_data":{"x":[[1,${literal}]]}}`
      assert.match(await refusal('roundhouse', await predict('long', own)), /element 1/)
    }
    for (const text of ['\\ud800', '\\udc00a', 'a\\u0000b']) {
      const body = `{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":["${text}"]}]}`
      assert.match(await refusal('inference', await infer('text', body)), /lone surrogate|zero character/)
      const own = `{"input_data":{"x":["${text}"]}}`
      assert.match(await refusal('roundhouse', await predict('text', own)), /lone surrogate|zero character/)
    }
    await stillPredicts()
  })

  test('a body that is no JSON object is refused, with the place where it breaks', async () => {
    const bodies: [string | Uint8Array, RegExp][] = [
      ['', /empty/],
      ['   ', /empty/],
      ['{"inputs":[{"name":"x",}]}', /position 23/],
      ['{"inputs":[', /ends too early|position/],
      ["{'inputs':[]}", /position 1/],
      ['{"inputs":[NaN]}', /"NaN", "Infinity", "-Infinity"/],
      ['{"inputs":[-Infinity]}', /"NaN", "Infinity", "-Infinity"/],
      ['{} {}', /position 3/],
      ['[]', /object/],
      ['null', /object/],
      ['"inputs"', /object/],
      ['1', /object/],
      [Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), /UTF-8/],
      [Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d), /UTF-8/],
      [new Uint8Array(Buffer.from('{"inputs":[]}', 'utf16le')), /position|UTF-8/],
      [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, /deeper than 64/],
      [`{"inputs":${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}}`, /deeper than 64/],
      ['['.repeat(200_000), /deeper than 64/],
    ]
    for (const [body, sentence] of bodies) {
      for (const [surface, path] of [
        ['inference', '/v2/models/whole/infer'],
        ['roundhouse', `/api/v1/models/${ids.whole}/predict`],
      ] as const) {
        const sent = typeof body === 'string' ? body : Buffer.from(body)
        assert.match(
          await refusal(surface, await house.fetch(path, { method: 'POST', body: sent })),
          sentence,
        )
      }
    }
    for (const path of ['/v2/repository/index', '/v2/repository/models/whole/load']) {
      assert.match(await refusedWith(400, await post(house, path, '['.repeat(100_000))), /deeper/)
    }
    for (const body of [{}, { inputs: null }, { inputs: {} }, { inputs: 'x' }]) {
      assert.match(
        await refusal('inference', await infer('whole', body)),
        /inputs must be an array.*For example/,
      )
    }
    const own: [unknown, RegExp][] = [
      [{}, /input_data is missing/],
      [{ input_data: { x: [[1, 2]] }, skipCache: true }, /Unknown field "skipCache"/],
      [{ input_data: { x: [[1, 2]] }, skip_cache: 'yes' }, /skip_cache/],
    ]
    for (const [body, sentence] of own)
      assert.match(await refusal('roundhouse', await predict('whole', body)), sentence)
    await stillPredicts()
  })

  test('an id, parameters or outputs of the wrong kind are refused', async () => {
    const inputs = [{ ...x, data: [1, 2] }]
    const wrong: [object, RegExp][] = [
      [{ id: 7 }, /id must be a string/],
      [{ id: {} }, /id must be a string/],
      [{ parameters: [] }, /must be an object/],
      [{ parameters: { a: [] } }, /string, number or boolean/],
      [{ parameters: { binary_data_output: 1 } }, /true or false/],
      [{ parameters: { timeout: -1 } }, /timeout/],
      [{ parameters: { priority: 1.5 } }, /priority/],
      [{ parameters: { sequence_id: 1 } }, /reserved/],
      [{ parameters: { triton_x: 1 } }, /reserved/],
      [{ parameters: { headers: 'a' } }, /reserved/],
      [{ outputs: {} }, /outputs must be an array/],
      [{ outputs: ['y'] }, /outputs\[0\]/],
      [{ outputs: [{ name: 'z' }] }, /no output 'z'/],
      [{ outputs: [{ name: 'y', parameters: { binary_data: 'yes' } }] }, /true or false/],
      [{ outputs: [{ name: 'y', parameters: { classification: 0 } }] }, /classification/],
    ]
    for (const [more, sentence] of wrong) {
      assert.match(await refusal('inference', await infer('whole', { inputs, ...more })), sentence)
    }
    const shared = { shared_memory_region: 'a', shared_memory_byte_size: 8 }
    const text = await refusedWith(501, await infer('whole', { inputs: [{ ...x, parameters: shared }] }))
    assert.match(text, /Shared memory/)
  })

  test('lengths of binary data that lie are refused', async () => {
    const blob = elementBytes(Int32Array.of(1, 2))
    const input = (size: unknown) => ({ inputs: [{ ...x, parameters: { binary_data_size: size } }] })
    const path = '/v2/models/whole/infer'
    const length = JSON.stringify(input(8)).length
    for (const header of [
      '-1',
      'abc',
      '1.5',
      '',
      '0x10',
      '4294967296',
      '18446744073709551616',
      String(length + 9),
      '1e3',
    ]) {
      const headers = { 'inference-header-content-length': header }
      await refusal('inference', await postBinary(house, path, input(8), [blob], headers))
    }
    const cases: [unknown, Uint8Array[], RegExp][] = [
      [input(8), [blob.subarray(1)], /expecting 1 additional bytes/],
      [input(8), [], /expecting 8 additional bytes/],
      [input(8), [blob, Uint8Array.of(0)], /unexpected additional input data/],
      [input(4), [blob.subarray(4)], /byte size mismatch.*takes 8 bytes, got 4/],
      [input(9), [blob, Uint8Array.of(0)], /byte size mismatch/],
      [input(0), [], /byte size mismatch/],
      [input(-8), [blob], /whole number of bytes/],
      [input(1.5), [blob], /whole number of bytes/],
      [input('8'), [blob], /whole number of bytes/],
      [input(true), [blob], /whole number of bytes/],
      [input(2 ** 53), [blob], /whole number|additional bytes/],
      [input(1e300), [blob], /whole number|additional bytes/],
      [{ inputs: [{ ...x, data: [1, 2] }] }, [blob], /unexpected additional input data/],
    ]
    for (const [json, blobs, sentence] of cases) {
      assert.match(await refusal('inference', await postBinary(house, path, json, blobs)), sentence)
    }
    await refusal(
      'inference',
      await house.fetch('/v2/models/flag/infer', {
        method: 'POST',
        headers: { 'inference-header-content-length': '0' },
        body: Buffer.from([1, 2]),
      }),
    )
    const text = (bytes: Uint8Array, count: number) => {
      const parameters = { binary_data_size: bytes.length }
      const json = { inputs: [{ name: 'x', shape: [count], datatype: 'BYTES', parameters }] }
      return postBinary(house, '/v2/models/text/infer', json, [bytes])
    }
    const strings: [Uint8Array, number, RegExp][] = [
      [Uint8Array.of(5, 0, 0, 0, 97), 1, /runs to byte 9, but the blob has 5/],
      [Uint8Array.of(255, 255, 255, 255, 97), 1, /runs to byte/],
      [Uint8Array.of(1, 0, 0), 1, /length/],
      [Uint8Array.of(1, 0, 0, 0, 97), 2, /asks for 2 strings/],
      [Uint8Array.of(1, 0, 0, 0, 97, 0), 1, /bytes are left/],
      [new Uint8Array(0), 1, /asks for 1 strings/],
      [Uint8Array.of(1, 0, 0, 0, 0xff), 1, /not UTF-8/],
    ]
    for (const [bytes, count, sentence] of strings) {
      assert.match(await refusal('inference', await text(bytes, count)), sentence)
    }
    await stillPredicts()
  })

  test('bodies that are packed wrong, too large or in an unknown way are refused', async () => {
    const body = JSON.stringify({ inputs: [{ ...x, data: [1, 2] }], input_data: {} })
    const bomb = Buffer.alloc(limitBytes * 100, ' ')
    const cases: [string, Uint8Array, number][] = [
      ['gzip', Buffer.from(body), 400],
      ['gzip', gzipSync(body).subarray(0, -9), 400],
      ['deflate', Buffer.from(body), 400],
      ['gzip', new Uint8Array(0), 400],
      ['gzip', gzipSync(bomb), 413],
      ['deflate', deflateSync(bomb), 413],
      ['br', gzipSync(body), 415],
      ['gzip, deflate', gzipSync(body), 415],
      ['identity', bomb.subarray(0, limitBytes + 1), 413],
    ]
    for (const [encoding, bytes, status] of cases) {
      for (const [surface, path] of [
        ['inference', '/v2/models/whole/infer'],
        ['roundhouse', `/api/v1/models/${ids.whole}/predict`],
      ] as const) {
        const headers = { 'content-encoding': encoding }
        await refusal(
          surface,
          await house.fetch(path, { method: 'POST', headers, body: Buffer.from(bytes) }),
          status,
        )
      }
    }
    await stillPredicts()
  })

  test('a client that lies about its length or leaves in the middle harms nobody', async () => {
    const head = (more: string) =>
      `POST /v2/models/whole/infer HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${testKey}\r\nconnection: close\r\n${more}\r\n`
    const body = JSON.stringify({ inputs: [{ ...x, data: [1, 2] }] })
    await sendRaw(house, `${head(`content-length: ${body.length + 100}\r\n`)}${body}`, true)
    await sendRaw(house, `${head('transfer-encoding: chunked\r\n')}5\r\n{"inp`, true)
    const shorter = await sendRaw(house, `${head(`content-length: ${body.length - 3}\r\n`)}${body}`)
    assert.match(shorter, /^HTTP\/1\.1 400 /)
    assert.match(shorter, /"error":"/)
    for (const broken of [
      head('content-length: 10\r\ncontent-length: 20\r\n'),
      head('content-length: -1\r\n'),
      head('content-length: ten\r\n'),
      `${head('transfer-encoding: chunked\r\n')}zz\r\n`,
      head('transfer-encoding: chunked\r\ncontent-length: 4\r\n'),
      'GET /v2 HTTP/9.9\r\n\r\n',
      'nonsense\r\n\r\n',
    ]) {
      assert.match(await sendRaw(house, broken), /^HTTP\/1\.1 400 /, JSON.stringify(broken.slice(-60)))
    }
    const announced = await sendRaw(house, head(`content-length: ${10 * limitBytes}\r\n`))
    assert.match(announced, /^HTTP\/1\.1 413 /)
    await stillPredicts()
  })
})
