import assert from 'node:assert/strict'
import { test } from 'node:test'
import { datatypes } from './datatype.ts'
import { createElements, elementBytes, elementCount, viewElements } from './elements.ts'

test('counts the elements of scalars, tensors and empty tensors', () => {
  assert.equal(elementCount([]), 1)
  assert.equal(elementCount([2, 3]), 6)
  assert.equal(elementCount([2, 0, 3]), 0)
})

test('refuses a shape whose product overflows, also when another size is 0', () => {
  for (const shape of [
    [2 ** 40, 2 ** 40],
    [2 ** 40, 2 ** 40, 0],
    [2 ** 27, 2 ** 27],
    new Array<number>(2000).fill(2 ** 50),
  ]) {
    assert.throws(() => elementCount(shape), { code: 'invalid-tensor', message: /more than 2\^53 - 1/ })
  }
})

test('makes elements of each datatype that are all zero', () => {
  for (const datatype of datatypes) {
    const data = createElements(datatype, 3)
    assert.equal(data.length, 3)
    assert.equal(String(data[2]), datatype === 'BYTES' ? '' : '0')
  }
})

test('views aligned bytes in place and copies unaligned ones', () => {
  const bytes = new Uint8Array(24)
  new DataView(bytes.buffer).setFloat32(8, 1.5, true)
  new DataView(bytes.buffer).setFloat32(17, 2.5, true)
  const aligned = viewElements('FP32', bytes.subarray(8, 12))
  assert.deepEqual(aligned, Float32Array.of(1.5))
  assert.ok(!Array.isArray(aligned) && aligned.buffer === bytes.buffer)
  assert.deepEqual(viewElements('FP32', bytes.subarray(17, 21)), Float32Array.of(2.5))
})

test('gives the bytes of a part of an array only', () => {
  assert.deepEqual(elementBytes(Uint16Array.of(1, 2, 3).subarray(1, 2)), Uint8Array.of(2, 0))
})
