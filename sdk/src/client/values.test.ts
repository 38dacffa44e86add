import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inputDataJson, readNumbers, readStrings } from './values.ts'

test('typed arrays, NaN and infinities are sent in the form the server reads', () => {
  const input_data = { x: new Float32Array([1.5, Number.NaN]), y: [[-Infinity, 2n]], z: [true, 'a'] }
  assert.equal(
    inputDataJson({ input_data, skip_cache: undefined }),
    '{"input_data":{"x":[1.5,"NaN"],"y":[["-Infinity",2]],"z":[true,"a"]}}',
  )
})

test('a bigint that JSON would round is refused with the way out', () => {
  const send = () => inputDataJson({ input_data: { x: [2n ** 53n] }, skip_cache: undefined })
  assert.throws(send, /9007199254740992 .*inference\.infer/)
})

test('numbers are read in row-major order with their shape', () => {
  const output_data = {
    y: [
      [1, 2, 'NaN'],
      [4, '-Infinity', 6],
    ],
    one: 7,
    flags: [true, false],
    none: [[], []],
  }
  const y = readNumbers({ output_data }, 'y')
  assert.deepEqual(y, { shape: [2, 3], values: new Float64Array([1, 2, Number.NaN, 4, -Infinity, 6]) })
  assert.deepEqual(readNumbers({ output_data }, 'one'), { shape: [], values: new Float64Array([7]) })
  assert.deepEqual(readNumbers({ output_data }, 'flags').values, new Float64Array([1, 0]))
  assert.deepEqual(readNumbers({ output_data }, 'none'), { shape: [2, 0], values: new Float64Array(0) })
})

test('an output of the wrong name or type is refused by name', () => {
  const output_data = { label: ['setosa'], y: [1] }
  assert.deepEqual(readStrings({ output_data }, 'label'), { shape: [1], values: ['setosa'] })
  assert.throws(() => readNumbers({ output_data }, 'label'), /Output "label" holds strings, not numbers/)
  assert.throws(() => readStrings({ output_data }, 'y'), /Output "y" holds numbers, not strings/)
  assert.throws(() => readNumbers({ output_data }, 'toString'), /no output "toString"; there is label, y/)
})
