import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeInferResponse, encodeInferResponse } from './infer-response.ts'
import type { RequestedOutput } from './requested-output.ts'
import type { Tensor } from './tensor.ts'

const y: Tensor = { name: 'y', datatype: 'FP32', shape: [2, 1], data: Float32Array.of(0.25, Number.NaN) }
const n: Tensor = { name: 'n', datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n ** 60n + 1n) }
const h: Tensor = { name: 'h', datatype: 'FP16', shape: [2], data: Uint16Array.of(0x3c00, 0x4000) }

function encode(outputs: Tensor[], requested: RequestedOutput[], id?: string) {
  return encodeInferResponse({ modelName: 'iris', modelVersion: '3', id, outputs, requested })
}

function elementsOf(output: Tensor, classification: number): Tensor | undefined {
  const { body } = encode([output], [{ name: output.name, binary: false, classification }])
  assert.ok(typeof body === 'string')
  return decodeInferResponse(new TextEncoder().encode(body), undefined).outputs[0]
}

test('answers as the example of the protocol', () => {
  assert.deepEqual(encode([y], [{ name: 'y', binary: false }], '7'), {
    body: '{"model_name":"iris","model_version":"3","id":"7","outputs":[{"name":"y","shape":[2,1],"datatype":"FP32","data":[0.25,"NaN"]}]}',
    headerLength: undefined,
  })
})

test('prints 64-bit integers as digits, in the order that was asked, without an id that was not given', () => {
  const requested = [
    { name: 'n', binary: false },
    { name: 'y', binary: false },
  ]
  const { body } = encode([y, n], requested)
  assert.match(
    String(body),
    /^\{"model_name":"iris","model_version":"3","outputs":\[\{"name":"n".*1152921504606846977.*"name":"y"/,
  )
})

test('puts the blobs of the binary outputs behind the JSON, in their order', () => {
  const requested = [
    { name: 'h', binary: true },
    { name: 'n', binary: false },
    { name: 'y', binary: true },
  ]
  const { body, headerLength } = encode([y, n, h], requested)
  assert.ok(body instanceof Uint8Array && headerLength !== undefined)
  const header: unknown = JSON.parse(new TextDecoder().decode(body.subarray(0, headerLength)))
  assert.partialDeepStrictEqual(header, {
    outputs: [
      { name: 'h', datatype: 'FP16', parameters: { binary_data_size: 4 } },
      { name: 'n', shape: [1] },
      { name: 'y', parameters: { binary_data_size: 8 } },
    ],
  })
  assert.deepEqual(body.subarray(headerLength, headerLength + 4), Uint8Array.of(0, 0x3c, 0, 0x40))
  assert.equal(body.length, headerLength + 12)
  assert.deepEqual(decodeInferResponse(body, headerLength).outputs, [h, n, y])
})

test('sends the header length also when all blobs are empty', () => {
  const empty: Tensor = { name: 'y', datatype: 'FP32', shape: [0, 1], data: new Float32Array(0) }
  const { body, headerLength } = encode([empty], [{ name: 'y', binary: true }])
  assert.equal(headerLength, body.length)
})

test('refuses FP16 that was not asked as binary, and names the extension', () => {
  assert.throws(() => encode([h], [{ name: 'h', binary: false }]), {
    code: 'invalid-tensor',
    message: /'h' is FP16.*binary tensor data extension/,
  })
})

test('classification gives the highest of each row with their index', () => {
  const scores: Tensor = {
    name: 'y',
    datatype: 'FP32',
    shape: [2, 3],
    data: Float32Array.of(0.5, 0.75, 0.25, Number.NaN, -1, -1),
  }
  assert.deepEqual(elementsOf(scores, 2), {
    name: 'y',
    datatype: 'BYTES',
    shape: [2, 2],
    data: ['0.75:1', '0.5:0', '-1:1', '-1:2'],
  })
  assert.deepEqual(elementsOf(scores, 9)?.shape, [2, 3])
  assert.deepEqual(elementsOf({ ...scores, shape: [6] }, 1)?.data, ['0.75:1'])
  assert.deepEqual(elementsOf(h, 1)?.data, ['2:1'])
  assert.deepEqual(elementsOf(n, 1)?.data, ['1152921504606846977:0'])
  assert.deepEqual(elementsOf({ ...scores, shape: [0, 3], data: new Float32Array(0) }, 2)?.shape, [0, 2])
  assert.deepEqual(elementsOf({ ...scores, shape: [3, 0], data: new Float32Array(0) }, 2)?.shape, [3, 0])
  assert.throws(() => elementsOf({ name: 's', datatype: 'BYTES', shape: [1], data: ['a'] }, 1), {
    code: 'invalid-tensor',
    message: /classification needs numbers/,
  })
})

test('reads answers of other servers, and tells what it cannot read', () => {
  const decode = (text: string) => decodeInferResponse(new TextEncoder().encode(text), undefined)
  const triton =
    '{"model_name":"m","outputs":[{"name":"y","datatype":"INT64","shape":[1,2],"data":[[9007199254740993,2]]}]}'
  assert.deepEqual(decode(triton), {
    modelName: 'm',
    outputs: [{ name: 'y', datatype: 'INT64', shape: [1, 2], data: BigInt64Array.of(9007199254740993n, 2n) }],
  })
  assert.throws(() => decode('<html>'), { code: 'invalid-json' })
  assert.throws(() => decode('{"error":"no"}'), { code: 'invalid-request' })
  assert.throws(() => decode('{"model_name":"m","outputs":[{"name":"y","datatype":"BF16","shape":[1]}]}'), {
    code: 'invalid-request',
    message: /outputs\[0\]/,
  })
  assert.throws(
    () => decode('{"model_name":"m","outputs":[{"name":"y","datatype":"FP32","shape":[2],"data":[1]}]}'),
    {
      code: 'invalid-tensor',
      message: /Output 'y': shape \[2\] has 2 elements, the data has 1/,
    },
  )
})
