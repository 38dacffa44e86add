import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cache } from './cache.ts'

/** What every cache promises. `wait` lets time pass for the cache: turns its clock, or waits. */
export function testCacheContract(
  name: string,
  openCache: () => Promise<{ cache: Cache; wait(ms: number): Promise<void> }>,
): void {
  test(`${name}: gives back the bytes it was given, whatever they are`, async () => {
    const { cache } = await openCache()
    const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index)
    await cache.set('contract:bytes', everyByte, 60)
    await cache.set('contract:empty', new Uint8Array(0), 60)
    assert.deepEqual(await read(cache, 'contract:bytes'), [...everyByte])
    assert.deepEqual(await read(cache, 'contract:empty'), [])
    assert.equal(await cache.get('contract:other'), undefined)
  })

  test(`${name}: stores a view of a larger buffer as the view alone, and keeps it when the buffer changes`, async () => {
    const { cache } = await openCache()
    const buffer = new Uint8Array([1, 2, 3, 4, 5])
    await cache.set('contract:view', buffer.subarray(1, 3), 60)
    buffer.fill(9)
    assert.deepEqual(await read(cache, 'contract:view'), [2, 3])
  })

  test(`${name}: replaces a value under the same key`, async () => {
    const { cache } = await openCache()
    await cache.set('contract:again', new Uint8Array([1]), 60)
    await cache.set('contract:again', new Uint8Array([2, 3]), 60)
    assert.deepEqual(await read(cache, 'contract:again'), [2, 3])
  })

  test(`${name}: forgets a value when its time is over, and not before`, async () => {
    const { cache, wait } = await openCache()
    await cache.set('contract:short', new Uint8Array([1]), 0.5)
    await cache.set('contract:long', new Uint8Array([2]), 60)
    assert.deepEqual(await read(cache, 'contract:short'), [1])
    await wait(700)
    assert.equal(await cache.get('contract:short'), undefined)
    assert.deepEqual(await read(cache, 'contract:long'), [2])
  })

  test(`${name}: keeps nothing that has no time to live`, async () => {
    const { cache } = await openCache()
    await cache.set('contract:zero', new Uint8Array([1]), 60)
    await cache.set('contract:zero', new Uint8Array([2]), 0)
    assert.equal(await cache.get('contract:zero'), undefined)
  })

  test(`${name}: clears every entry below a prefix and no other`, async () => {
    const { cache } = await openCache()
    const keys = Array.from({ length: 2500 }, (_, index) => `contract:cleared:${index}`)
    for (let from = 0; from < keys.length; from += 100) {
      await Promise.all(keys.slice(from, from + 100).map(key => cache.set(key, new Uint8Array([1]), 60)))
    }
    await cache.set('contract:kept', new Uint8Array([2]), 60)
    assert.deepEqual(await read(cache, 'contract:cleared:2499'), [1])
    await cache.clear('contract:cleared:')
    for (const key of [keys[0], keys[1250], keys[2499]]) assert.equal(await cache.get(key ?? ''), undefined)
    assert.deepEqual(await read(cache, 'contract:kept'), [2])
    await cache.set('contract:cleared:0', new Uint8Array([3]), 60)
    assert.deepEqual(await read(cache, 'contract:cleared:0'), [3])
  })

  test(`${name}: takes a prefix literally, wildcards included`, async () => {
    const { cache } = await openCache()
    await cache.set('contract:a*[b]?:1', new Uint8Array([1]), 60)
    await cache.set('contract:axb:1', new Uint8Array([2]), 60)
    await cache.clear('contract:a*[b]?:')
    assert.equal(await cache.get('contract:a*[b]?:1'), undefined)
    assert.deepEqual(await read(cache, 'contract:axb:1'), [2])
  })

  test(`${name}: says that it is well`, async () => {
    const { cache } = await openCache()
    assert.equal(cache.health().ok, true)
  })
}

async function read(cache: Cache, key: string): Promise<number[] | undefined> {
  const value = await cache.get(key)
  return value && [...value]
}
