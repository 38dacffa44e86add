import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Log, silentLog } from '../../kit/log.ts'
import { testCacheContract } from '../../ports/cache.contract.ts'
import type { Cache } from '../../ports/cache.ts'
import { defer } from '../../testing/defer.ts'
import { freePort } from '../../testing/free-port.ts'
import { startRedis } from '../../testing/redis.ts'
import { openRedisCache } from './cache.ts'

/** Our own promise is 250 ms; the rest is for a busy machine. */
const answerWithinMs = 1500

const file = { after }

const redis = await startRedis(file)
const steady = await openCache(redis, 'steady:')

testCacheContract('redis cache', async () => ({ cache: steady, wait: ms => sleep(ms) }))

test('keeps the entries of two prefixes apart', async () => {
  const other = await openCache(redis, 'other:')
  await other.set('shared', new Uint8Array([1]), 60)
  assert.equal(await steady.get('shared'), undefined)
  await steady.clear('')
  assert.equal((await other.get('shared'))?.byteLength, 1)
})

test('opens without Redis, and works once Redis is there', async () => {
  const port = await freePort()
  const cache = await openCache({ url: `redis://127.0.0.1:${port}` }, 'late:')
  await cache.set('a', new Uint8Array([1]), 60)
  assert.equal(await cache.get('a'), undefined)
  const health = cache.health()
  assert.equal(health.ok, false)
  assert.match(health.reason ?? '', /ECONNREFUSED/)
  await startRedis(file, { port })
  await untilWorking(cache)
  assert.equal(cache.health().ok, true)
})

test('misses while Redis is dead, says so once, and recovers when it comes back empty', async () => {
  const warnings: string[] = []
  const log: Log = { ...silentLog, warn: event => warnings.push(event) }
  let mortal = await startRedis(file)
  const cache = await openCache(mortal, 'mortal:', log)
  await cache.set('a', new Uint8Array([1]), 60)
  assert.equal((await cache.get('a'))?.byteLength, 1)

  await mortal.kill()
  for (let call = 0; call < 50; call++) {
    assert.equal(await answered(cache.get('a')), undefined)
    await answered(cache.set('a', new Uint8Array([1]), 60))
  }
  assert.equal(cache.health().ok, false)
  assert.deepEqual(warnings, ['cache-degrade'])

  mortal = await startRedis(file, { port: mortal.port })
  await untilWorking(cache)
  assert.equal(await cache.get('a'), undefined)
})

test('misses while Redis is frozen, long enough to lose the connection, and recovers after the thaw', async () => {
  const warnings: string[] = []
  const log: Log = { ...silentLog, warn: event => warnings.push(event) }
  const frozen = await startRedis(file)
  const cache = await openCache(frozen, 'frozen:', log)
  await cache.set('a', new Uint8Array([1]), 60)

  frozen.signal('SIGSTOP')
  const calls = [cache.get('a'), cache.set('b', new Uint8Array([1]), 60), cache.clear('c'), cache.get('a')]
  for (const call of calls) assert.equal(await answered(call), undefined)
  const reasons = new Set<string | undefined>()
  await until(async () => {
    assert.equal(await answered(cache.get('a')), undefined)
    reasons.add(cache.health().reason)
    return [...reasons].some(reason => reason?.includes('timeout'))
  })
  assert.deepEqual(warnings, ['cache-degrade'])

  frozen.signal('SIGCONT')
  await untilWorking(cache)
  assert.equal((await cache.get('a'))?.byteLength, 1)
  assert.equal(cache.health().ok, true)
})

test('a short freeze costs one slow answer: the calls after it miss at once', async () => {
  const frozen = await startRedis(file)
  const cache = await openCache(frozen, 'short:')
  frozen.signal('SIGSTOP')
  await answered(cache.get('a'))
  const slow = new Promise(resolve => setTimeout(resolve, 200, 'slow'))
  const quick = async () => {
    for (let call = 0; call < 20; call++) await cache.get('a')
    return 'quick'
  }
  assert.equal(await Promise.race([quick(), slow]), 'quick')
  frozen.signal('SIGCONT')
  await untilWorking(cache)
})

test('what was cleared while Redis was frozen is never read again', async () => {
  const frozen = await startRedis(file)
  const cache = await openCache(frozen, 'cleared:')
  await cache.set('model:1', new Uint8Array([1]), 60)
  await cache.set('other:1', new Uint8Array([2]), 60)
  frozen.signal('SIGSTOP')
  await answered(cache.clear('model:'))
  frozen.signal('SIGCONT')
  await until(async () => (await cache.get('other:1')) !== undefined)
  assert.equal(await cache.get('model:1'), undefined)
  await until(async () => {
    await cache.set('model:2', new Uint8Array([3]), 60)
    return (await cache.get('model:2')) !== undefined
  })
  assert.equal(await cache.get('model:1'), undefined)
})

test('closes at once while Redis is frozen', async () => {
  const frozen = await startRedis(file)
  const cache = await openCache(frozen, 'closing:')
  frozen.signal('SIGSTOP')
  const pending = cache.get('a')
  await answered(cache.close())
  assert.equal(await answered(pending), undefined)
  assert.equal(await answered(cache.get('a')), undefined)
})

async function openCache(to: { url: string }, prefix: string, log: Log = silentLog): Promise<Cache> {
  const cache = await openRedisCache({ url: to.url, prefix, log })
  defer(file, cache.close)
  return cache
}

async function answered<T>(call: Promise<T> | T): Promise<T> {
  const late = AbortSignal.timeout(answerWithinMs)
  const tooLate = once(late, 'abort').then(() => assert.fail(`no answer within ${answerWithinMs} ms`))
  return await Promise.race([call, tooLate])
}

async function untilWorking(cache: Cache): Promise<void> {
  await until(async () => {
    await cache.set('probe', new Uint8Array([7]), 60)
    return (await cache.get('probe')) !== undefined
  })
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, 'the condition did not come true within 15 s')
    await sleep(25)
  }
}
