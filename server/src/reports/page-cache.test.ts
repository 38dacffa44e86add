import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPageCache } from './page-cache.ts'

const picture = (bytes: number) => new Uint8Array(bytes)

test('a page is made once for all who ask, and kept', async () => {
  const cache = createPageCache({ maxBytes: 100 })
  let made = 0
  const make = async () => {
    made += 1
    return picture(10)
  }
  const [first, second] = await Promise.all([cache.get('a', make), cache.get('a', make)])
  assert.equal(first, second)
  assert.equal(await cache.get('a', make), first)
  assert.equal(made, 1)
})

test('the page that was not asked for the longest goes when there is no more room, and one too large is not kept', async () => {
  const cache = createPageCache({ maxBytes: 100 })
  const made: string[] = []
  const get = (key: string, bytes: number) =>
    cache.get(key, async () => {
      made.push(key)
      return picture(bytes)
    })
  await get('a', 40)
  await get('b', 40)
  await get('a', 40)
  await get('c', 40)
  await get('a', 40)
  assert.deepEqual(made, ['a', 'b', 'c'])
  await get('b', 40)
  await get('huge', 101)
  await get('huge', 101)
  assert.deepEqual(made, ['a', 'b', 'c', 'b', 'huge', 'huge'])
})

test('a page that failed is tried again', async () => {
  const cache = createPageCache({ maxBytes: 100 })
  await assert.rejects(
    cache.get('a', async () => {
      throw new Error('no')
    }),
    { message: 'no' },
  )
  assert.equal((await cache.get('a', async () => picture(1))).length, 1)
})

test('who goes away takes nothing from those who wait for the same page, and the last one to go ends its making', async () => {
  const cache = createPageCache({ maxBytes: 100 })
  const [one, other] = [new AbortController(), new AbortController()]
  let making: AbortSignal | undefined
  const never = (signal: AbortSignal) => {
    making = signal
    return new Promise<Uint8Array>(() => {})
  }
  const first = cache.get('a', never, one.signal)
  const second = cache.get('a', never, other.signal)
  one.abort(new Error('one is gone'))
  await assert.rejects(first, { message: 'one is gone' })
  assert.equal(making?.aborted, false)
  other.abort(new Error('the other is gone'))
  await assert.rejects(second, { message: 'the other is gone' })
  assert.equal(making?.aborted, true)
  assert.equal((await cache.get('a', async () => picture(7))).length, 7)
})
