import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Datatype } from './datatype.ts'
import { decodeNamedInputs, encodeNamedOutputs } from './named-inputs.ts'
import type { Signature, Tensor } from './tensor.ts'

function model(datatype: Datatype, ...shape: (number | null)[]): Signature {
  return { inputs: [{ name: 'x', datatype, shape }], outputs: [] }
}

function decode(value: unknown, signature: Signature): Tensor | undefined {
  return decodeNamedInputs({ x: value }, signature)[0]
}

function refuses(value: unknown, signature: Signature, ...messages: RegExp[]): void {
  for (const message of messages) {
    assert.throws(() => decodeNamedInputs(value, signature), { code: 'invalid-tensor', message })
  }
}

test('infers the shape from the nesting', () => {
  const matrix = decode(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    model('FP32', null, 3),
  )
  assert.deepEqual(matrix, {
    name: 'x',
    datatype: 'FP32',
    shape: [2, 3],
    data: Float32Array.of(1, 2, 3, 4, 5, 6),
  })
  assert.deepEqual(decode(5, model('INT64')), {
    name: 'x',
    datatype: 'INT64',
    shape: [],
    data: BigInt64Array.of(5n),
  })
  assert.deepEqual(decode(['a', 'b'], model('BYTES', null))?.data, ['a', 'b'])
  assert.deepEqual(decode([true], model('BOOL', null))?.data, Uint8Array.of(1))
})

test('takes FP16 as numbers', () => {
  assert.deepEqual(
    decode([1, -2, 'NaN', 65504], model('FP16', 4))?.data,
    Uint16Array.of(0x3c00, 0xc000, 0x7e00, 0x7bff),
  )
  refuses({ x: [65520] }, model('FP16', 1), /range of FP16, got 65520/)
})

test('takes empty arrays, and asks the model for the sizes that follow', () => {
  assert.deepEqual(decode([], model('FP32', null))?.shape, [0])
  assert.deepEqual(decode([[], []], model('FP32', null, null))?.shape, [2, 0])
  assert.deepEqual(decode([], model('FP32', null, 30))?.shape, [0, 30])
  assert.deepEqual(decode([[], []], model('FP32', null, null, 4, null))?.shape, [2, 0, 4, 0])
  refuses({ x: [[], []] }, model('FP32', null), /expected shape \[-1\].*got \[2,0\]/)
})

test('shows the shape it expects and the same values in that shape', () => {
  const flat = { x: [5.1, 3.5, 1.4, 0.2, 7, 8] }
  refuses(
    flat,
    model('FP32', null, 6),
    /expected shape \[-1,6\] \(-1 is any size\), got \[6\]/,
    /For example: \{"x":\[\[5\.1,3\.5,1\.4,0\.2,\.\.\.\]\]\}/,
  )
  refuses({ x: 'a' }, model('BYTES', null, 1), /got \[\]/, /\{"x":\[\["text"\]\]\}/)
  refuses({ x: [1, 2] }, model('FP32', null, 3), /got \[2\]/, /\{"x":\[\[0,0,0\]\]\}/)
  refuses({}, model('INT32', 2), /'x' is missing. It takes 'x' \(INT32 \[2\]\)/, /\{"x":\[0,0\]\}/)
})

test('refuses arrays that are not rectangular, and says where', () => {
  const matrix = model('FP32', null, 2)
  refuses(
    { x: [[1, 2], [3]] },
    matrix,
    /not rectangular: at \[1\] expected an array of 2 .*got an array of 1/,
  )
  refuses({ x: [[1, 2], 3] }, matrix, /at \[1\] expected an array of 2 .*got 3/)
  refuses({ x: [[1, [2]]] }, matrix, /at \[0\]\[1\] expected an element .*got an array of 1/)
  refuses({ x: [1, [2]] }, model('FP32', null), /at \[1\] expected an element/)
  refuses({ x: [[1], []] }, model('FP32', null, 1), /at \[1\] expected an array of 1/)
})

test('refuses unknown inputs, other kinds of values and endless nesting', () => {
  refuses({ x: [1], toString: [1] }, model('FP32', null), /no input 'toString'/)
  refuses({ x: [{}] }, model('FP32', null), /element 0: .*got an object/)
  refuses({ x: null }, model('FP32'), /got null/)
  for (const other of [null, [], 'x', 7]) {
    assert.throws(() => decodeNamedInputs(other, model('FP32')), { code: 'invalid-request' })
  }
  let deep: unknown = 1
  for (let level = 0; level < 100_000; level++) deep = [deep]
  refuses({ x: deep }, model('FP32', null), /deeper than 64 levels/)
  refuses({ x: [1, deep] }, model('FP32', null), /not rectangular/)
})

test('prints outputs nested by shape', () => {
  const outputs: Tensor[] = [
    { name: 'cube', datatype: 'FP32', shape: [2, 1, 2], data: Float32Array.of(1, Infinity, 0.1, -0) },
    { name: 'scalar', datatype: 'INT64', shape: [], data: BigInt64Array.of(-(2n ** 63n)) },
    { name: 'half', datatype: 'FP16', shape: [2], data: Uint16Array.of(0x3c00, 0xfc00) },
    { name: 'flags', datatype: 'BOOL', shape: [1, 2], data: Uint8Array.of(1, 0) },
    { name: 'empty', datatype: 'FP64', shape: [2, 0], data: new Float64Array(0) },
    { name: 'none', datatype: 'FP32', shape: [0, 3], data: new Float32Array(0) },
    { name: '"', datatype: 'BYTES', shape: [2, 1], data: ['a,"b', '\u0000'] },
  ]
  assert.equal(
    encodeNamedOutputs(outputs),
    '{"cube":[[[1,"Infinity"]],[[0.1,-0.0]]],"scalar":-9223372036854775808,"half":[1,"-Infinity"],"flags":[[true,false]],"empty":[[],[]],"none":[],"\\"":[["a,\\"b"],["\\u0000"]]}',
  )
})

test('does not print a thousand million empty arrays', () => {
  const many: Tensor = { name: 'y', datatype: 'FP32', shape: [1e9, 0], data: new Float32Array(0) }
  assert.throws(() => encodeNamedOutputs([many]), {
    code: 'invalid-tensor',
    message: /too many empty arrays/,
  })
})
