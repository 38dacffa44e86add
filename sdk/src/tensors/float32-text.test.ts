import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { float32Text } from './float32-text.ts'

/** All floats that are finite, by their bits; the usual sizes more often. */
const float = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, min: -2, max: 2 }),
  fc.integer({ min: -100_000, max: 100_000 }).map(thousandths => Math.fround(thousandths / 1000)),
)

function textOf(values: number[]): string {
  const data = Float32Array.from(values)
  return float32Text(data, 0, data.length)
}

test('each printed float reads back as the same float, sign of zero included', () => {
  fc.assert(
    fc.property(fc.array(float, { maxLength: 20 }), values => {
      const read: unknown = JSON.parse(`[${textOf(values)}]`)
      assert.ok(Array.isArray(read))
      assert.deepEqual(Float32Array.from(read), Float32Array.from(values))
    }),
    { numRuns: 3000 },
  )
})

test('prints decimals as people write them', () => {
  const plain = '0.1,-3.3,5,0,-0.0,100.1,1000.25,99.999,31.1,0.00001,123456.7,0.9999999,16777216,1000000000'
  assert.equal(textOf(plain.split(',').map(Number)), plain)
  assert.equal(textOf([1e-7]), '1.0000000116860974e-7')
})

test('prints what JSON has no number for as strings', () => {
  assert.equal(textOf([Number.NaN, Infinity, -Infinity]), '"NaN","Infinity","-Infinity"')
})

test('prints long arrays without a seam, and rows with brackets between', () => {
  const values = Array.from({ length: 5000 }, (_, index) => index / 8)
  assert.equal(textOf(values), values.join(','))
  assert.equal(float32Text(Float32Array.of(9, 1, 2, 3, 4, 9), 1, 5, 2), '1,2],[3,4')
  assert.equal(textOf([]), '')
})
