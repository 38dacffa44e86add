import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { type Datatype, elementBytes, inferResponse } from '@roundhouse/sdk/contract'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { identityModel, twoByTwoModel } from '../src/testing/onnx/models.ts'
import { post, postBinary, readBinary, refusedWith } from './wire.ts'

// The wire format of tensors: JSON, and the binary tensor data extension of Triton.

const datatypes: Record<Exclude<Datatype, 'FP16' | 'BYTES'>, { json: string; bytes: Uint8Array }> = {
  BOOL: { json: 'true,false,true,true', bytes: Uint8Array.of(1, 0, 1, 1) },
  UINT8: { json: '0,1,254,255', bytes: Uint8Array.of(0, 1, 254, 255) },
  UINT16: { json: '0,1,256,65535', bytes: elementBytes(Uint16Array.of(0, 1, 256, 65535)) },
  UINT32: { json: '0,1,65536,4294967295', bytes: elementBytes(Uint32Array.of(0, 1, 65536, 4294967295)) },
  UINT64: {
    json: '0,1,9007199254740993,18446744073709551615',
    bytes: elementBytes(BigUint64Array.of(0n, 1n, 9007199254740993n, 18446744073709551615n)),
  },
  INT8: { json: '-128,-1,0,127', bytes: elementBytes(Int8Array.of(-128, -1, 0, 127)) },
  INT16: { json: '-32768,-1,0,32767', bytes: elementBytes(Int16Array.of(-32768, -1, 0, 32767)) },
  INT32: {
    json: '-2147483648,-1,0,2147483647',
    bytes: elementBytes(Int32Array.of(-2147483648, -1, 0, 2147483647)),
  },
  INT64: {
    json: '-9223372036854775808,-9007199254740993,9007199254740993,9223372036854775807',
    bytes: elementBytes(
      BigInt64Array.of(-(2n ** 63n), -9007199254740993n, 9007199254740993n, 2n ** 63n - 1n),
    ),
  },
  FP32: {
    json: '0.1,"NaN","Infinity","-Infinity"',
    bytes: elementBytes(Float32Array.of(0.1, Number.NaN, Infinity, -Infinity)),
  },
  FP64: {
    json: '0.1,"NaN","Infinity","-Infinity"',
    bytes: elementBytes(Float64Array.of(0.1, Number.NaN, Infinity, -Infinity)),
  },
}

describe('tensors on the wire', () => {
  let house: TestHouse
  const two = '/v2/models/two/infer'
  const a = { name: 'a', shape: [1, 2], datatype: 'FP32' }
  const b = { name: 'b', shape: [1, 2], datatype: 'FP32' }
  const both = [
    { ...a, data: [5, 6] },
    { ...b, data: [1, 2] },
  ]
  const floats = (...values: number[]) => elementBytes(Float32Array.from(values))

  before(async () => {
    house = await testHouse({ after() {} })
    for (const datatype of [...Object.keys(datatypes), 'FP16', 'BYTES'] as Datatype[]) {
      await house.pushed(datatype, identityModel(datatype, ['N', 'M']))
    }
    await house.pushed('two', twoByTwoModel())
    await house.pushed('scalar', identityModel('FP64', []))
    await house.pushed('string', identityModel('BYTES', [1]))
    await house.pushed('row', identityModel('FP32', ['N', 3]))
    await house.pushed('fixed', identityModel('INT16', [2, 2]))
  })
  after(() => house?.close())

  for (const [datatype, { json, bytes }] of Object.entries(datatypes)) {
    test(`${datatype} comes back digit for digit and byte for byte, from JSON and binary to JSON and binary`, async () => {
      const head = `"name":"x","shape":[2,2],"datatype":"${datatype}"`
      const path = `/v2/models/${datatype}/infer`
      const flat = `{"inputs":[{${head},"data":[${json}]}]}`
      const expected = `"outputs":[{"name":"y","shape":[2,2],"datatype":"${datatype}","data":[${json}]}]}`
      const answer = await (await post(house, path, flat)).text()
      assert(answer.endsWith(expected), answer)
      inferResponse.strict().parse(JSON.parse(answer))

      const [one, two, three, four] = json.split(',')
      const nested = `{"inputs":[{${head},"data":[[${one},${two}],[${three},${four}]]}]}`
      assert.equal(await (await post(house, path, nested)).text(), answer)
      const mixed = `{"inputs":[{${head},"data":[[${one},${two}],${three},${four}]}]}`
      assert.equal(await (await post(house, path, mixed)).text(), answer)

      const input = { name: 'x', shape: [2, 2], datatype, parameters: { binary_data_size: bytes.length } }
      const fromBinary = await postBinary(house, path, { inputs: [input] }, [bytes])
      assert.match(fromBinary.headers.get('content-type') ?? '', /^application\/json\b/)
      assert.equal(fromBinary.headers.get('inference-header-content-length'), null)
      assert.equal(await fromBinary.text(), answer)

      const request = { inputs: [input], outputs: [{ name: 'y', parameters: { binary_data: true } }] }
      const toBinary = await readBinary(await postBinary(house, path, request, [bytes]))
      inferResponse.strict().parse(toBinary.json)
      assert.deepEqual(toBinary.json.outputs, [
        { name: 'y', shape: [2, 2], datatype, parameters: { binary_data_size: bytes.length } },
      ])
      assert.deepEqual(toBinary.blobs, [Buffer.from(bytes)])
    })
  }

  test('BYTES are strings in JSON and have their length in front in binary', async () => {
    const strings = ['', 'a', 'Zürich €', '𝄞"\\\n']
    const bytes = Buffer.concat(
      strings.map(text => {
        const length = Buffer.alloc(4)
        length.writeUInt32LE(Buffer.byteLength(text))
        return Buffer.concat([length, Buffer.from(text)])
      }),
    )
    const path = '/v2/models/BYTES/infer'
    const head = { name: 'x', shape: [4, 1], datatype: 'BYTES' }
    const json = await post(house, path, { inputs: [{ ...head, data: strings }] })
    const { outputs } = inferResponse.parse(await json.json())
    assert.deepEqual(outputs, [{ ...head, name: 'y', data: strings }])
    const request = {
      inputs: [{ ...head, parameters: { binary_data_size: bytes.length } }],
      parameters: { binary_data_output: true },
    }
    const { blobs } = await readBinary(await postBinary(house, path, request, [bytes]))
    assert.deepEqual(blobs, [bytes])
  })

  test('FP16 goes through in binary, every bit of it, and is refused in JSON with the way to send it', async () => {
    // 1, -2, the smallest, infinity, a NaN with a payload, 65504
    const bits = elementBytes(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00, 0x7e01, 0x7bff))
    const path = '/v2/models/FP16/infer'
    const input = { name: 'x', shape: [2, 3], datatype: 'FP16', parameters: { binary_data_size: 12 } }
    const request = { inputs: [input], outputs: [{ name: 'y', parameters: { binary_data: true } }] }
    assert.deepEqual((await readBinary(await postBinary(house, path, request, [bits]))).blobs, [
      Buffer.from(bits),
    ])
    const inJson = { inputs: [{ ...input, parameters: {}, data: [1, 2, 3, 4, 5, 6] }] }
    const wanted = { parameters: { binary_data_output: true } }
    assert.match(
      await refusedWith(400, await post(house, path, { ...inJson, ...wanted })),
      /binary_data_size/,
    )
    assert.match(
      await refusedWith(400, await postBinary(house, path, { inputs: [input] }, [bits])),
      /binary_data/,
    )
  })

  test('a tensor may have no elements, and a scalar has one', async () => {
    for (const shape of [
      [0, 3],
      [3, 0],
      [0, 0],
    ]) {
      const input = { name: 'x', shape, datatype: 'FP32', data: [] }
      const { outputs } = inferResponse.parse(
        await (await post(house, '/v2/models/FP32/infer', { inputs: [input] })).json(),
      )
      assert.deepEqual(outputs, [{ ...input, name: 'y' }])
      const empty = { name: 'x', shape, datatype: 'FP32', parameters: { binary_data_size: 0 } }
      const request = { inputs: [empty], parameters: { binary_data_output: true } }
      const { json, blobs } = await readBinary(await postBinary(house, '/v2/models/FP32/infer', request, []))
      assert.deepEqual(json.outputs, [{ ...empty, name: 'y' }])
      assert.deepEqual(blobs, [Buffer.alloc(0)])
    }
    const scalar = { name: 'x', shape: [], datatype: 'FP64', data: [2.5] }
    const { outputs } = inferResponse.parse(
      await (await post(house, '/v2/models/scalar/infer', { inputs: [scalar] })).json(),
    )
    assert.deepEqual(outputs, [{ ...scalar, name: 'y' }])
  })

  test('JSON and binary inputs may be mixed in any order, and so may the outputs', async () => {
    for (const [inputs, blob] of [
      [
        [
          { ...a, parameters: { binary_data_size: 8 } },
          { ...b, data: [1, 2] },
        ],
        floats(5, 6),
      ],
      [
        [
          { ...b, data: [1, 2] },
          { ...a, parameters: { binary_data_size: 8 } },
        ],
        floats(5, 6),
      ],
      [
        [
          { ...a, data: [5, 6] },
          { ...b, parameters: { binary_data_size: 8 } },
        ],
        floats(1, 2),
      ],
    ] as const) {
      const outputs = [{ name: 'difference', parameters: { binary_data: true } }, { name: 'sum' }]
      const { json, blobs } = await readBinary(await postBinary(house, two, { inputs, outputs }, [blob]))
      assert.deepEqual(
        json.outputs.map(({ name, data }) => [name, data]),
        [
          ['difference', undefined],
          ['sum', [6, 8]],
        ],
      )
      assert.deepEqual(blobs, [Buffer.from(floats(4, 4))])
    }
    const blobs = { inputs: [a, b].map(input => ({ ...input, parameters: { binary_data_size: 8 } })) }
    const reply = inferResponse.parse(
      await (await postBinary(house, two, blobs, [floats(5, 6), floats(1, 2)])).json(),
    )
    assert.deepEqual(reply.outputs[0]?.data, [6, 8])
  })

  test('only the outputs that are asked for come, in the order asked', async () => {
    const names = async (outputs?: unknown) => {
      const response = await post(house, two, { inputs: both, ...(outputs === undefined ? {} : { outputs }) })
      return inferResponse.parse(await response.json()).outputs.map(output => output.name)
    }
    assert.deepEqual(await names(), ['sum', 'difference'])
    assert.deepEqual(await names([]), ['sum', 'difference'])
    assert.deepEqual(await names([{ name: 'difference' }]), ['difference'])
    assert.deepEqual(await names([{ name: 'difference' }, { name: 'sum' }]), ['difference', 'sum'])
    const asked = (...outputs: { name: string }[]) => post(house, two, { inputs: both, outputs })
    assert.match(await refusedWith(400, await asked({ name: 'sum' }, { name: 'sum' })), /twice/)
    assert.match(await refusedWith(400, await asked({ name: 'product' })), /'sum', 'difference'/)
  })

  test('what an output asks for itself beats what the request asks for all', async () => {
    const ask = (all: boolean, one: boolean | undefined) =>
      post(house, two, {
        inputs: both,
        parameters: { binary_data_output: all },
        outputs: [{ name: 'sum', ...(one === undefined ? {} : { parameters: { binary_data: one } }) }],
      })
    for (const [all, one] of [
      [true, undefined],
      [true, true],
      [false, true],
    ] as const) {
      assert.deepEqual((await readBinary(await ask(all, one))).blobs, [Buffer.from(floats(6, 8))])
    }
    for (const [all, one] of [
      [true, false],
      [false, undefined],
      [false, false],
    ] as const) {
      assert.deepEqual(inferResponse.parse(await (await ask(all, one)).json()).outputs[0]?.data, [6, 8])
    }
  })

  test('the id comes back when it was given, and fields that are not known do no harm', async () => {
    const id = async (more: object) => {
      const response = await post(house, two, { inputs: both, model_name: 'two', ...more })
      return inferResponse.parse(await response.json())
    }
    assert.equal((await id({ id: '7 "ü"' })).id, '7 "ü"')
    assert(!('id' in (await id({}))))
    assert.equal((await id({ id: '' })).id, '')
    await id({ parameters: { custom: 1, note: 'a', flag: true, priority: 1, timeout: 5_000_000 } })
  })

  test('classification names the highest of each row', async () => {
    const data = [0.25, 3, -1, 7, 7, 'NaN']
    const inputs = [{ name: 'x', shape: [2, 3], datatype: 'FP32', data }]
    const outputs = [{ name: 'y', parameters: { classification: 2 } }]
    const reply = await post(house, '/v2/models/row/infer', { inputs, outputs })
    assert.deepEqual(inferResponse.parse(await reply.json()).outputs, [
      { name: 'y', shape: [2, 2], datatype: 'BYTES', data: ['3:1', '0.25:0', '7:0', '7:1'] },
    ])
    for (const classification of [0, -1, 1.5, '2', true]) {
      const wrong = [{ name: 'y', parameters: { classification } }]
      assert.match(
        await refusedWith(400, await post(house, '/v2/models/row/infer', { inputs, outputs: wrong })),
        /classification/,
      )
    }
  })

  test('the raw bytes of the only input are a request when its shape follows from their number', async () => {
    const raw = (model: string, body: Uint8Array) =>
      house.fetch(`/v2/models/${model}/infer`, {
        method: 'POST',
        headers: { 'inference-header-content-length': '0' },
        body: Buffer.from(body),
      })
    const shapeOf = async (response: Response) => {
      const { json, blobs } = await readBinary(response)
      return { shape: json.outputs[0]?.shape, blob: blobs[0] }
    }
    const six = floats(1, 2, 3)
    assert.deepEqual(await shapeOf(await raw('row', six)), { shape: [1, 3], blob: Buffer.from(six) })
    const fixed = elementBytes(Int16Array.of(1, -2, 3, -4))
    assert.deepEqual(await shapeOf(await raw('fixed', fixed)), { shape: [2, 2], blob: Buffer.from(fixed) })
    const text = Buffer.from('Zürich')
    const string = await shapeOf(await raw('string', text))
    assert.deepEqual(string, { shape: [1], blob: Buffer.concat([Uint8Array.of(7, 0, 0, 0), text]) })

    assert.match(await refusedWith(400, await raw('row', floats(1, 2))), /expected|takes 12 bytes|mismatch/)
    await refusedWith(400, await raw('fixed', fixed.subarray(1)))
    assert.match(await refusedWith(400, await raw('two', floats(1, 2))), /one input/)
    await refusedWith(400, await raw('BYTES', Uint8Array.of(0xff, 0xff)))
  })

  test('a body may be compressed, and its lengths are those before it', async () => {
    const json = Buffer.from(
      JSON.stringify({
        inputs: [
          { ...a, parameters: { binary_data_size: 8 } },
          { ...b, data: [1, 2] },
        ],
      }),
    )
    const body = Buffer.concat([json, floats(5, 6)])
    for (const [encoding, packed] of [
      ['gzip', gzipSync(body)],
      ['deflate', deflateSync(body)],
      ['identity', body],
      ['GZIP', gzipSync(body)],
    ] as const) {
      const headers = {
        'content-encoding': encoding,
        'inference-header-content-length': String(json.length),
      }
      const reply = await house.fetch(two, { method: 'POST', headers, body: packed })
      const text = await reply.text()
      assert.deepEqual(inferResponse.parse(JSON.parse(text)).outputs[0]?.data, [6, 8], `${encoding}: ${text}`)
    }
  })

  test('an answer is compressed when it is asked for, and its length is that of the plain JSON', async () => {
    const bytes = elementBytes(Float32Array.from({ length: 3000 }, (_, index) => index))
    const input = { name: 'x', shape: [1000, 3], datatype: 'FP32', parameters: { binary_data_size: 12_000 } }
    const request = { inputs: [input], parameters: { binary_data_output: true } }
    for (const [accept, encoding] of [
      ['gzip', 'gzip'],
      ['deflate, gzip;q=0.5', 'gzip'],
      ['gzip;q=0', null],
      ['identity', null],
    ] as const) {
      const reply = await postBinary(house, '/v2/models/row/infer', request, [bytes], {
        'accept-encoding': accept,
      })
      assert.equal(reply.headers.get('content-encoding'), encoding)
      if (encoding) assert(Number(reply.headers.get('content-length')) < 9000)
      assert.deepEqual((await readBinary(reply)).blobs, [Buffer.from(bytes)])
    }
  })

  test('a body may come in pieces without a length', async () => {
    const json = Buffer.from(
      JSON.stringify({
        inputs: [
          { ...a, parameters: { binary_data_size: 8 } },
          { ...b, data: [1, 2] },
        ],
      }),
    )
    const body = Buffer.concat([json, floats(5, 6)])
    const pieces = ReadableStream.from(Array.from(body, byte => Uint8Array.of(byte)))
    const headers = { 'inference-header-content-length': String(json.length) }
    const init = { method: 'POST', headers, body: pieces, duplex: 'half' } as RequestInit
    const reply = await house.fetch(two, init)
    assert.deepEqual(inferResponse.parse(await reply.json()).outputs[0]?.data, [6, 8])
  })

  test('a large tensor is the same in JSON as in binary', async () => {
    const values = Float32Array.from({ length: 90_000 }, (_, index) => Math.sin(index) * 10 ** (index % 9))
    const input = { name: 'x', shape: [30_000, 3], datatype: 'FP32' }
    const inJson = await post(house, '/v2/models/row/infer', { inputs: [{ ...input, data: [...values] }] })
    const { outputs } = inferResponse.parse(await inJson.json())
    assert.deepEqual(Float32Array.from(outputs[0]?.data as number[]), values)
    const request = {
      inputs: [{ ...input, parameters: { binary_data_size: values.byteLength } }],
      parameters: { binary_data_output: true },
    }
    const { blobs } = await readBinary(
      await postBinary(house, '/v2/models/row/infer', request, [elementBytes(values)]),
    )
    assert(blobs[0]?.equals(elementBytes(values)))
  })
})
