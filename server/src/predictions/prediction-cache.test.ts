import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tensor } from '@roundhouse/sdk/contract'
import { createMemoryCache } from '../adapters/cache/memory.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { createPredictionCache } from './prediction-cache.ts'

function setUp(ttlSeconds = 60) {
  const clock = turnedClock(1000)
  const memory = createMemoryCache({ maxBytes: 8 * 1024 * 1024, clock })
  return { clock, memory, cache: createPredictionCache({ cache: memory, ttlSeconds }) }
}

const fp32 = (name: string, shape: number[], ...values: number[]): Tensor => ({
  name,
  datatype: 'FP32',
  shape,
  data: Float32Array.from(values),
})
const bytes = (name: string, ...values: string[]): Tensor => ({
  name,
  datatype: 'BYTES',
  shape: [values.length],
  data: values,
})

test('equal inputs have the same key, whatever memory they lie in', () => {
  const { cache } = setUp()
  const view = new Float32Array([9, 1, 2, 9]).subarray(1, 3)
  assert.equal(
    cache.key('m', [fp32('x', [2], 1, 2)], ['y']),
    cache.key('m', [{ ...fp32('x', [2]), data: view }], ['y']),
  )
  assert.ok(cache.key('m', [fp32('x', [2], 1, 2)], ['y']))
})

test('whatever an answer may depend on changes the key', () => {
  const { cache } = setUp()
  const x = fp32('x', [1, 2], 1, 2)
  const sameBytes = (datatype: 'INT16' | 'UINT16' | 'FP16'): Tensor => ({
    name: 'x',
    datatype,
    shape: [2],
    data: datatype === 'INT16' ? Int16Array.of(1, 2) : Uint16Array.of(1, 2),
  })
  const asked: [string, Tensor[], string[]][] = [
    ['m', [x], ['y']],
    ['other', [x], ['y']],
    ['m', [{ ...x, name: 'z' }], ['y']],
    ['m', [{ ...x, shape: [2, 1] }], ['y']],
    ['m', [{ ...x, shape: [2] }], ['y']],
    ['m', [fp32('x', [1, 2], 1, 3)], ['y']],
    ['m', [fp32('x', [1, 2], 2, 1)], ['y']],
    ['m', [fp32('x', [1], 0)], ['y']],
    ['m', [fp32('x', [1], -0)], ['y']],
    ['m', [fp32('x', [1], Number.NaN)], ['y']],
    ['m', [x], []],
    ['m', [x], ['y', 'z']],
    ['m', [x], ['z', 'y']],
    ['m', [x], ['y,z']],
    ['m', [sameBytes('INT16')], ['y']],
    ['m', [sameBytes('UINT16')], ['y']],
    ['m', [sameBytes('FP16')], ['y']],
    ['m', [bytes('x', 'ab', 'c')], ['y']],
    ['m', [bytes('x', 'a', 'bc')], ['y']],
    ['m', [bytes('x', 'ab","c')], ['y']],
    ['m', [fp32('x', [1], 1), fp32('y', [1], 2)], ['y']],
    ['m', [fp32('x', [1], 2), fp32('y', [1], 1)], ['y']],
    ['m', [fp32('x', [0])], ['y']],
    ['m', [], ['y']],
  ]
  const keys = asked.map(([model, inputs, outputs]) => cache.key(model, inputs, outputs))
  assert.equal(new Set(keys).size, asked.length)
  assert.ok(keys.every(key => key !== undefined))
})

test('inputs of more than a megabyte are not worth hashing', () => {
  const { cache } = setUp()
  const floats = (count: number): Tensor => ({
    name: 'x',
    datatype: 'FP32',
    shape: [count],
    data: new Float32Array(count),
  })
  assert.equal(typeof cache.key('m', [floats(262_144)], ['y']), 'string')
  assert.equal(cache.key('m', [floats(262_145)], ['y']), undefined)
  assert.equal(cache.key('m', [floats(150_000), floats(150_000)], ['y']), undefined)
  assert.equal(cache.key('m', [bytes('x', 'a'.repeat(1_100_000))], ['y']), undefined)
})

test('gives back the outputs it was given: every datatype, strings, NaN, none', async () => {
  const { cache } = setUp()
  const outputs: Tensor[] = [
    fp32('y', [2, 2], Number.NaN, Number.NEGATIVE_INFINITY, -0, 1.5),
    { name: 'i', datatype: 'INT64', shape: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
    { name: 'b', datatype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) },
    { name: 'h', datatype: 'FP16', shape: [], data: Uint16Array.of(0x3c00) },
    { name: 's', datatype: 'BYTES', shape: [3], data: ['', '火車', 'a\u0000b'] },
    { name: 'e', datatype: 'FP64', shape: [0, 3], data: new Float64Array(0) },
  ]
  for (const each of [outputs, []]) {
    cache.set('m:1', each)
    assert.deepEqual(await cache.get('m:1'), each)
  }
})

test('an answer of more than a megabyte is not kept', async () => {
  const { cache } = setUp()
  cache.set('m:1', [{ name: 'y', datatype: 'UINT8', shape: [1 << 20], data: new Uint8Array(1 << 20) }])
  assert.equal(await cache.get('m:1'), undefined)
})

test('a kept value that cannot be read is a miss', async () => {
  const { cache, memory } = setUp()
  cache.set('m:good', [fp32('y', [1], 1)])
  const good = await memory.get('m:good')
  assert.ok(good)
  const unreadable = [
    new Uint8Array(0),
    new Uint8Array(3),
    new Uint8Array(100),
    new Uint8Array(100).fill(255),
    Buffer.from('0000not json'),
    good.slice(0, -1),
    Buffer.concat([good, Buffer.from('!')]),
  ]
  for (const [index, value] of unreadable.entries()) {
    await memory.set(`m:${index}`, value, 60)
    assert.equal(await cache.get(`m:${index}`), undefined, `value ${index}`)
  }
})

test('an answer is forgotten after its time to live, and with 0 none is kept', async () => {
  const { cache, clock } = setUp(60)
  cache.set('m:1', [fp32('y', [1], 1)])
  clock.turn(59_000)
  assert.ok(await cache.get('m:1'))
  clock.turn(2000)
  assert.equal(await cache.get('m:1'), undefined)

  const none = setUp(0)
  none.cache.set('m:1', [fp32('y', [1], 1)])
  assert.equal(await none.cache.get('m:1'), undefined)
  assert.equal(none.cache.metrics().size, 0)
})

test('forgetting a model clears its answers and those of no other', async () => {
  const { cache } = setUp()
  const keys = ['m', 'm2', 'n'].map(model => cache.key(model, [fp32('x', [1], 1)], ['y']) ?? assert.fail())
  for (const key of keys) cache.set(key, [fp32('y', [1], 1)])
  await cache.forget('m')
  const found = await Promise.all(keys.map(key => cache.get(key)))
  assert.deepEqual(
    found.map(outputs => outputs !== undefined),
    [false, true, true],
  )
})

test('counts hits and misses until it is reset', async () => {
  const { cache } = setUp()
  assert.equal(cache.metrics().hit_rate, 0)
  cache.set('m:1', [fp32('y', [1], 1)])
  for (const key of ['m:1', 'm:1', 'm:1', 'm:2']) await cache.get(key)
  assert.deepEqual(cache.metrics(), {
    hits: 3,
    misses: 1,
    hit_rate: 0.75,
    size: 1,
    ttl_seconds: 60,
    backend: 'memory',
  })
  cache.reset()
  assert.deepEqual([cache.metrics().hits, cache.metrics().misses, cache.metrics().size], [0, 0, 1])
})
