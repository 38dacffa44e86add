import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { halfToNumber, numberToHalf } from './half.ts'

test('every half-precision value survives the way to a number and back', () => {
  const native = new Float16Array(Uint16Array.from({ length: 65_536 }, (_, bits) => bits).buffer)
  for (let bits = 0; bits < 65_536; bits++) {
    const number = halfToNumber(bits)
    assert.ok(Object.is(number, native[bits]), `${bits}: ${number} is not ${native[bits]}`)
    if (!Number.isNaN(number)) assert.equal(numberToHalf(number), bits)
  }
})

test('numbers round to the nearest half-precision value, as the engine rounds them', () => {
  const near = fc.integer({ min: 0, max: 0x7c00 }).chain(bits => {
    const middle = (halfToNumber(bits) + halfToNumber(Math.min(bits + 1, 0x7bff))) / 2
    return fc.constantFrom(middle, middle * (1 + 2 ** -50), middle * (1 - 2 ** -50), -middle)
  })
  fc.assert(
    fc.property(fc.oneof(fc.double(), near), number => {
      assert.ok(Object.is(halfToNumber(numberToHalf(number)), Math.f16round(number)), String(number))
    }),
    { numRuns: 3000 },
  )
})
