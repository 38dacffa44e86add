import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isProblem, type Tensor } from '@roundhouse/sdk/contract'
import { vectorOf } from './vector.ts'

function output(shape: number[], ...data: number[]): Tensor {
  return { name: 'y', datatype: 'FP32', shape, data: Float32Array.from(data) }
}

test('a vector has length 1 however large or small its values are, and zeros stay zeros', () => {
  assert.deepEqual([...vectorOf(output([1, 2], 3e38, 0), undefined)], [1, 0])
  assert.deepEqual([...vectorOf(output([1, 2, 2], 3e38, 0, 3e38, 0), undefined)], [1, 0])
  assert.deepEqual([...vectorOf(output([1, 2], 0, -1e-45), undefined)], [0, -1])
  assert.deepEqual([...vectorOf(output([1, 2], 0, 0), undefined)], [0, 0])
})

test('what is no vector of one text is refused, and so are values that are no numbers', () => {
  for (const given of [
    output([2, 1], 1, 2),
    output([1, 0]),
    output([1, 0, 2]),
    output([1, 2], Number.NaN, 1),
    output([1, 2], Number.POSITIVE_INFINITY, 1),
  ])
    assert.throws(
      () => vectorOf(given, undefined),
      error => isProblem(error) && error.code === 'model-failed',
    )
})
