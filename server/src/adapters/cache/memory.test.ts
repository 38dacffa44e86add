import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testCacheContract } from '../../ports/cache.contract.ts'
import { createMemoryCache } from './memory.ts'

testCacheContract('memory cache', async () => {
  let now = 1_000_000
  const clock = { now: () => now, elapsed: () => now, after: () => () => {} }
  return {
    cache: createMemoryCache({ maxBytes: 10_000_000, clock }),
    async wait(ms) {
      now += ms
    },
  }
})

test('stays below its bytes and drops what was used least lately', async () => {
  const cache = createMemoryCache({ maxBytes: 10_000 })
  for (const key of ['a', 'b', 'c']) await cache.set(key, new Uint8Array(3000), 60)
  await cache.get('a')
  await cache.set('d', new Uint8Array(3000), 60)
  assert.equal(cache.size(), 3)
  assert.equal(await cache.get('b'), undefined)
  assert.equal((await cache.get('a'))?.byteLength, 3000)
  assert.equal((await cache.get('d'))?.byteLength, 3000)
})

test('does not empty itself for a value larger than the whole cache', async () => {
  const cache = createMemoryCache({ maxBytes: 10_000 })
  await cache.set('small', new Uint8Array(10), 60)
  await cache.set('large', new Uint8Array(20_000), 60)
  assert.equal(await cache.get('large'), undefined)
  assert.equal((await cache.get('small'))?.byteLength, 10)
})

test('many small values count with their keys, so that memory stays bounded', async () => {
  const cache = createMemoryCache({ maxBytes: 100_000 })
  for (let index = 0; index < 2000; index++) await cache.set(`key-${index}`, new Uint8Array(1), 60)
  assert.ok(cache.size() < 500, `holds ${cache.size()} entries`)
  assert.ok(cache.size() > 100, `holds ${cache.size()} entries`)
})
