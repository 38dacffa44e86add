import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turnedClock } from '../testing/turned-clock.ts'
import { createFreshCache } from './fresh-cache.ts'

function setUp(max = 10) {
  const clock = turnedClock()
  const source = new Map([['a', 'one']])
  const asked: string[] = []
  let broken = false
  const cache = createFreshCache<string, string>({
    async load(key) {
      asked.push(key)
      const value = source.get(key)
      await Promise.resolve()
      if (broken) throw new Error('unreachable')
      return value
    },
    clock,
    staleMs: 5000,
    max,
  })
  function breakSource(now: boolean): void {
    broken = now
  }
  return { clock, source, asked, cache, breakSource }
}

const settled = () => new Promise(resolve => setImmediate(resolve))

test('a fresh value is given without waiting, and callers of one moment share a load', async () => {
  const { cache, asked } = setUp()
  assert.deepEqual(await Promise.all([cache.get('a', 'a'), cache.get('a', 'a')]), ['one', 'one'])
  assert.equal(cache.get('a', 'a'), 'one')
  assert.deepEqual(asked, ['a'])
})

test('a value in use is renewed behind the answer, and never older than its limit', async () => {
  const { cache, clock, source, asked } = setUp()
  await cache.get('a', 'a')
  source.set('a', 'two')
  clock.turn(2600)
  assert.equal(cache.get('a', 'a'), 'one')
  await settled()
  assert.equal(cache.get('a', 'a'), 'two')
  assert.equal(asked.length, 2)
  clock.turn(5000)
  assert.equal(cache.peek('a'), undefined)
  source.delete('a')
  assert.equal(await cache.get('a', 'a'), undefined)
})

test('while the source is away a value serves until its limit, then the fault is told', async () => {
  const { cache, clock, breakSource } = setUp()
  await cache.get('a', 'a')
  breakSource(true)
  clock.turn(2600)
  assert.equal(cache.get('a', 'a'), 'one')
  await settled()
  clock.turn(2300)
  assert.equal(cache.get('a', 'a'), 'one')
  await settled()
  clock.turn(200)
  await assert.rejects(Promise.resolve(cache.get('a', 'a')), /unreachable/)
})

test('what is forgotten while it is being loaded is not kept', async () => {
  const { cache, source, asked } = setUp()
  const early = cache.get('a', 'a')
  cache.forget(() => true)
  source.set('a', 'two')
  assert.equal(await early, 'one')
  assert.equal(await cache.get('a', 'a'), 'two')
  assert.equal(asked.length, 2)
})

test('a value whose reload was not kept is reloaded by its next caller', async () => {
  const { cache, clock, source, asked } = setUp()
  await cache.get('a', 'a')
  clock.turn(2600)
  cache.get('a', 'a')
  cache.forget(value => value === 'another')
  await settled()
  source.set('a', 'two')
  cache.get('a', 'a')
  await settled()
  assert.equal(cache.peek('a'), 'two')
  assert.equal(asked.length, 3)
})

test('what is not there is asked for each time, and the number of values is bounded', async () => {
  const { cache, source, asked } = setUp(2)
  await cache.get('x', 'x')
  await cache.get('x', 'x')
  assert.deepEqual(asked, ['x', 'x'])
  for (const key of ['b', 'c']) source.set(key, key)
  for (const key of ['a', 'b', 'c']) await cache.get(key, key)
  assert.equal(cache.peek('a'), undefined)
  assert.equal(cache.peek('c'), 'c')
})
