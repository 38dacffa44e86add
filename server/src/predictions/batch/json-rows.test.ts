import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Signature } from '@roundhouse/sdk/contract'
import { fieldOf } from './fields.ts'
import { createJsonRows } from './json-rows.ts'

const x = { name: 'x', datatype: 'FP32', shape: [null, 2] } as const
const n = { name: 'n', datatype: 'INT64', shape: [null] } as const
const free = { name: 't', datatype: 'FP32', shape: [null, null] } as const

function read(specs: Signature['inputs'], lines: readonly string[]) {
  const reader = createJsonRows(specs.map(fieldOf))
  const taken = lines.map((line, index) => {
    const bytes = Buffer.from(line)
    return reader.add(bytes, 0, bytes.length, index + 1, false)
  })
  return { ...reader.take(), taken }
}

test('takes an object by the names of the inputs, 64-bit integers with all digits', () => {
  const { tensors, bad } = read([x, n], ['{"x":[1,2],"n":9007199254740993}', '{"n":-1,"x":[3,"NaN"]}'])
  assert.deepEqual(bad, [])
  assert.deepEqual(
    tensors.map(({ shape, data }) => [shape, Array.from(data as ArrayLike<unknown>)]),
    [
      [
        [2, 2],
        [1, 2, 3, Number.NaN],
      ],
      [[2], [9007199254740993n, -1n]],
    ],
  )
})

test('takes the value alone where there is one input', () => {
  const { tensors } = read([x], ['[1,2]', '{"x":[3,4]}', '[[5,6]]'])
  assert.deepEqual(Array.from(tensors[0]?.data as ArrayLike<number>), [1, 2, 3, 4, 5, 6])
  assert.deepEqual(Array.from(read([n], ['5']).tensors[0]?.data as ArrayLike<bigint>), [5n])
})

test('passes over lines that are not JSON or do not fit, with the reason', () => {
  const { bad } = read([x], ['{"x":[1,2]', '[1]', '{"y":[1,2]}', '{"x":[1,2],"y":1}', 'null', '[1,"a"]'])
  assert.deepEqual(
    bad.map(({ line, reason }) => `${line}: ${reason}`),
    [
      '1: The JSON ends too early, at position 10.',
      "2: Input 'x': shape [2] has 2 elements, the data has 1.",
      "3: Input 'x' is missing.",
      "4: The model has no input 'y'. It takes 'x'.",
      "5: Input 'x': shape [2] has 2 elements, the data has 1.",
      `6: Input 'x', element 1: expected a number, "NaN", "Infinity" or "-Infinity", got "a".`,
    ],
  )
  assert.match(read([x, n], ['[1,2]']).bad[0]?.reason ?? '', /Expected an object with 'x', 'n', got an array/)
})

test('rows of other sizes than those before them wait for the next chunk', () => {
  const { taken, tensors } = read([free], ['[1,2,3]', '[4,5,6]', '[7]'])
  assert.deepEqual(taken, [true, true, false])
  assert.deepEqual(tensors[0]?.shape, [2, 3])
})
