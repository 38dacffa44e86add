import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isProblem } from '../contract/problem.ts'
import type { ProblemCode } from '../contract/problem-codes.ts'
import { joinBinary, parseHeaderLength } from './binary-body.ts'
import { encodeInferRequest } from './encode-request.ts'
import { decodeInferRequest, type InferRequest } from './infer-request.ts'
import type { Signature, Tensor, TensorSpec } from './tensor.ts'

const x: TensorSpec = { name: 'x', datatype: 'FP32', shape: [null, 2] }
const y: TensorSpec = { name: 'y', datatype: 'FP32', shape: [null, 1] }
const xy: Signature = { inputs: [x], outputs: [y] }
const good = { name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }

function modelOf(...inputs: TensorSpec[]): Signature {
  return { inputs, outputs: [y] }
}

function vector(datatype: TensorSpec['datatype']): Signature {
  return modelOf({ name: 'x', datatype, shape: [null] })
}

function decode(body: unknown, signature: Signature = xy): InferRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return decodeInferRequest(new TextEncoder().encode(text), undefined, signature)
}

function decodeBlobs(body: unknown, blobs: Uint8Array[], signature: Signature = xy): InferRequest {
  const joined = joinBinary(JSON.stringify(body), blobs)
  return decodeInferRequest(joined.body, joined.headerLength, signature)
}

function refuses(work: () => unknown, code: ProblemCode, ...messages: RegExp[]): void {
  assert.throws(work, error => {
    assert.ok(isProblem(error), String(error))
    assert.equal(error.code, code)
    for (const message of messages) assert.match(error.message, message)
    return true
  })
}

const bytesOf = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer)

test('blobs belong to the binary inputs in the order of the request; JSON inputs take no bytes', () => {
  const three = modelOf(x, { ...x, name: 'j' }, { ...x, name: 'b' })
  const binary = { shape: [1, 2], datatype: 'FP32', parameters: { binary_data_size: 8 } }
  const body = {
    inputs: [
      { name: 'b', ...binary },
      { ...good, name: 'j' },
      { name: 'x', ...binary },
    ],
  }
  assert.deepEqual(
    decodeBlobs(body, [bytesOf(7, 8), bytesOf(9, 10)], three).inputs.map(input => [
      input.name,
      ...input.data,
    ]),
    [
      ['x', 9, 10],
      ['j', 1, 2],
      ['b', 7, 8],
    ],
  )
})

test('FP16 is carried in binary only, and the refusal says so before the model runs', () => {
  const half = vector('FP16')
  refuses(
    () => decode({ inputs: [{ name: 'x', shape: [1], datatype: 'FP16', data: [1] }] }, half),
    'invalid-tensor',
    /"binary_data_size":2/,
  )
  const signature: Signature = { inputs: [x], outputs: [{ name: 'h', datatype: 'FP16', shape: [1] }] }
  refuses(
    () => decode({ inputs: [good] }, signature),
    'invalid-tensor',
    /binary tensor data extension/,
    /"binary_data":true/,
  )
  const binary = { name: 'x', shape: [2], datatype: 'FP16', parameters: { binary_data_size: 4 } }
  const request = decodeBlobs({ inputs: [binary] }, [Uint8Array.of(0, 0x3c, 0, 0xc0)], half)
  assert.deepEqual(request.inputs[0]?.data, Uint16Array.of(0x3c00, 0xc000))
})

test('reads the length of the JSON header', () => {
  assert.equal(parseHeaderLength(undefined, 10), undefined)
  assert.equal(parseHeaderLength('0', 10), 0)
  assert.equal(parseHeaderLength('10', 10), 10)
  for (const value of [
    '',
    '-1',
    '11',
    '1e1',
    '0x1',
    '4294967297',
    '99999999999999999999',
    'ten',
    '1 2',
    '1.0',
    '+1',
  ]) {
    refuses(() => parseHeaderLength(value, 10), 'invalid-request', /from 0 to 10/)
  }
})

test('refuses blobs that are too short, too long, or not of the shape', () => {
  const input = (size: unknown, more: object = {}) => ({
    inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', parameters: { binary_data_size: size }, ...more }],
  })
  assert.deepEqual(decodeBlobs(input(8), [bytesOf(1, 2)]).inputs[0]?.data, Float32Array.of(1, 2))
  refuses(
    () => decodeBlobs(input(8), [bytesOf(1)]),
    'invalid-tensor',
    /unexpected size for input 'x', expecting 4 additional bytes/,
  )
  refuses(
    () => decodeBlobs(input(8), [bytesOf(1, 2, 3)]),
    'invalid-request',
    /unexpected additional input data: 4 bytes/,
  )
  refuses(
    () => decodeBlobs(input(12), [bytesOf(1, 2, 3)]),
    'invalid-tensor',
    /input byte size mismatch .* takes 8 bytes, got 12/,
  )
  for (const size of [-8, 8.5, '8', true, 2 ** 60])
    refuses(() => decodeBlobs(input(size), [bytesOf(1, 2)]), 'invalid-request', /binary_data_size/)
  refuses(
    () => decodeBlobs(input(8, { data: [1, 2] }), [bytesOf(1, 2)]),
    'invalid-tensor',
    /both data and binary_data_size/,
  )
  refuses(() => decode(input(8)), 'invalid-request', /Inference-Header-Content-Length.* is absent/)
})

test('refuses BYTES blobs that are not strings with lengths in front, and BOOL bytes other than 0 and 1', () => {
  const decodeAs = (datatype: 'BYTES' | 'BOOL', count: number, ...bytes: number[]) =>
    decodeBlobs(
      { inputs: [{ name: 'x', shape: [count], datatype, parameters: { binary_data_size: bytes.length } }] },
      [Uint8Array.from(bytes)],
      vector(datatype),
    ).inputs[0]?.data
  assert.deepEqual(decodeAs('BYTES', 2, 2, 0, 0, 0, 0xc3, 0xa9, 0, 0, 0, 0), ['é', ''])
  assert.deepEqual(decodeAs('BYTES', 1, 3, 0, 0, 0, 0xef, 0xbb, 0xbf), ['\ufeff'])
  refuses(() => decodeAs('BYTES', 1, 9, 0, 0, 0, 65), 'invalid-tensor', /runs to byte 13, but the blob has 5/)
  refuses(() => decodeAs('BYTES', 1, 255, 255, 255, 255), 'invalid-tensor', /runs to byte/)
  refuses(() => decodeAs('BYTES', 1, 1, 0), 'invalid-tensor', /4-byte/)
  refuses(() => decodeAs('BYTES', 2, 1, 0, 0, 0, 65), 'invalid-tensor', /asks for 2 strings, the blob has 1/)
  refuses(() => decodeAs('BYTES', 1, 0, 0, 0, 0, 0, 0, 0, 0), 'invalid-tensor', /4 bytes are left/)
  refuses(() => decodeAs('BYTES', 1, 1, 0, 0, 0, 255), 'invalid-tensor', /element 0: the bytes are not UTF-8/)
  refuses(() => decodeAs('BYTES', 1, 3, 0, 0, 0, 0xed, 0xa0, 0x80), 'invalid-tensor', /not UTF-8/)
  assert.deepEqual(decodeAs('BOOL', 2, 1, 0), Uint8Array.of(1, 0))
  refuses(() => decodeAs('BOOL', 2, 1, 2), 'invalid-tensor', /element 1: a BOOL byte is 0 or 1, got 2/)
})

test('a raw body is the only input; its open size follows from the bytes', () => {
  const raw = (body: Uint8Array, signature: Signature) => decodeInferRequest(body, 0, signature)
  const open: Signature = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2, null] }], outputs: [y] }
  assert.deepEqual(raw(bytesOf(1, 2, 3, 4), open), {
    parameters: {},
    inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
    outputs: [{ name: 'y', binary: true }],
  })
  refuses(() => raw(bytesOf(1, 2, 3), open), 'invalid-tensor', /byte size mismatch/)
  // Open in front in all inputs and outputs: the model batches, and gets a batch of 1.
  assert.deepEqual(raw(bytesOf(1, 2), xy).inputs[0]?.shape, [1, 2])
  refuses(() => raw(bytesOf(1, 2, 3, 4), xy), 'invalid-tensor', /shape \[1,2\] of FP32 takes 8 bytes, got 16/)
  assert.deepEqual(raw(bytesOf(1, 2), modelOf({ ...x, shape: [null, null] })).inputs[0]?.shape, [1, 2])
  refuses(
    () => raw(bytesOf(1), modelOf({ ...x, shape: [null, null, null] })),
    'invalid-request',
    /more than one open size/,
  )
  refuses(
    () => raw(bytesOf(1), modelOf(x, { ...x, name: 'z' })),
    'invalid-request',
    /one input, this one has 2/,
  )
  const text = modelOf({ name: 'x', datatype: 'BYTES', shape: [1] })
  assert.deepEqual(raw(new TextEncoder().encode('héllo'), text).inputs[0]?.data, ['héllo'])
  refuses(() => raw(Uint8Array.of(255), text), 'invalid-tensor', /not UTF-8/)
  refuses(
    () => raw(bytesOf(1), modelOf({ name: 'x', datatype: 'BYTES', shape: [2] })),
    'invalid-request',
    /one element/,
  )
})

test('a client sends binary by default and asks for it', () => {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) }] as const
  const { body, headerLength } = encodeInferRequest({ inputs, outputs: ['y'], parameters: { a: 1 } })
  assert.equal(headerLength === undefined ? -1 : headerLength % 8, 0)
  const request = decodeInferRequest(body, headerLength, xy)
  assert.deepEqual(request.outputs, [{ name: 'y', binary: true }])
  assert.deepEqual(request.parameters, { a: 1 })
  assert.equal(encodeInferRequest({ inputs, binary: false }).headerLength, undefined)
  const short = [{ ...inputs[0], shape: [2, 2] }]
  refuses(() => encodeInferRequest({ inputs: short }), 'invalid-tensor', /has 4 elements, the data has 2/)
  const lone: Tensor[] = [{ name: 'x', datatype: 'BYTES', shape: [1], data: ['\ud800'] }]
  for (const binary of [true, false]) {
    refuses(() => encodeInferRequest({ inputs: lone, binary }), 'invalid-tensor', /lone surrogate/)
  }
})

test('an empty tensor takes an empty blob', () => {
  const binary = { name: 'x', shape: [0, 2], datatype: 'FP32', parameters: { binary_data_size: 0 } }
  assert.deepEqual(decodeBlobs({ inputs: [binary] }, []).inputs[0]?.data, new Float32Array(0))
})
