import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { createClient } from 'redis'
import type { Clock } from '../../kit/clock.ts'
import { type Log, silentLog } from '../../kit/log.ts'
import { testCountersContract } from '../../ports/counters.contract.ts'
import type { Counters } from '../../ports/counters.ts'
import { defer } from '../../testing/defer.ts'
import { freePort } from '../../testing/free-port.ts'
import { startRedis } from '../../testing/redis.ts'
import { turnedClock } from '../../testing/turned-clock.ts'
import { until } from '../../testing/until.ts'
import { openRedisCounters } from './counters.ts'

const file = { after }

const redis = await startRedis(file)
const reader = createClient({ url: redis.url })
await reader.connect()
defer(file, () => reader.destroy())
let opened = 0

// A prefix of its own for each, as the promises hold for one replica alone.
testCountersContract('redis counters', clock => openCounters(redis, `contract-${++opened}:`, { clock }))

test('replicas share one count, whoever counted', async () => {
  const [here, there] = await openPair(redis, 'pair:')
  here.add('user:a', 60, 30)
  there.add('user:a', 60, 12)
  await untilCount(here, 'user:a', 42)
  await untilCount(there, 'user:a', 42)
  assert.equal(here.add('user:a', 60).count, 43)
  assert.equal(there.peek('user:b', 60).count, 0)
})

test('a replica that starts late learns at its first request what was used before', async () => {
  const clock = turnedClock(Date.now())
  const early = await openCounters(redis, 'late:', { clock })
  early.add('user:a', 3600, 500)
  await untilStored('late:3600:*', 1)
  const late = await openCounters(redis, 'late:', { clock })
  late.add('user:a', 3600)
  await untilCount(late, 'user:a', 501, 3600)
})

test('a new window starts at nothing on every replica', async () => {
  const clock = turnedClock(60_000)
  const [here, there] = await openPair(redis, 'roll:', clock)
  here.add('user:a', 60, 10)
  there.add('user:a', 60, 10)
  await untilCount(there, 'user:a', 20)
  clock.turn(60_000)
  here.add('user:a', 60, 3)
  there.add('user:a', 60, 4)
  await untilCount(there, 'user:a', 7)
  await untilCount(here, 'user:a', 7)
})

test('thousands of keys at once are all shared', async () => {
  const [here, there] = await openPair(redis, 'many:')
  for (let key = 0; key < 3000; key++) here.add(`user:${key}`, 60, key + 1)
  await untilStored('many:60:*', 3000)
  for (let key = 0; key < 3000; key++) there.add(`user:${key}`, 60)
  for (const key of [0, 499, 500, 1500, 2999]) await untilCount(there, `user:${key}`, key + 2)
})

test('nothing stays in Redis for ever', async () => {
  const [here] = await openPair(redis, 'expiring:')
  here.add('user:a', 60)
  here.add('user:a', 3600)
  for (const key of await untilStored('expiring:*', 3)) {
    const seconds = await reader.ttl(key)
    assert.ok(seconds > 0 && seconds <= 3600 + 60, `${key} lives ${seconds} s`)
  }
})

test('without Redis from the start each replica counts alone, and shares once Redis is there', async () => {
  const port = await freePort()
  const [here, there] = await openPair({ url: `redis://127.0.0.1:${port}` }, 'none:')
  assert.equal(here.add('user:a', 60, 5).count, 5)
  assert.equal(there.add('user:a', 60, 2).count, 2)
  await startRedis(file, { port })
  await untilCount(here, 'user:a', 7)
  await untilCount(there, 'user:a', 7)
})

test('while Redis is dead the limit is divided, and when it is back empty all counts are shared again', async () => {
  const lines: string[] = []
  const log: Log = { ...silentLog, warn: event => lines.push(event), info: event => lines.push(event) }
  let mortal = await startRedis(file)
  const [here, there] = await openPair(mortal, 'mortal:', turnedClock(Date.now()), log)
  here.add('user:a', 60, 100)
  there.add('user:a', 60, 50)
  await untilCount(here, 'user:a', 150)
  await untilCount(there, 'user:a', 150)

  await mortal.kill()
  await until(() => lines.filter(line => line === 'limits-degrade').length === 2, 'both say it')
  // Each event stands for one on the other replica too; what was known before counts once.
  assert.equal(here.add('user:a', 60, 10).count, 150 + 20)
  assert.equal(there.add('user:a', 60, 7).count, 150 + 14)
  assert.equal(here.add('user:new', 60, 3).count, 6)

  mortal = await startRedis(file, { port: mortal.port })
  await untilCount(here, 'user:a', 167)
  await untilCount(there, 'user:a', 167)
  assert.equal(there.add('user:new', 60).count, 1)
  await untilCount(there, 'user:new', 4)
  assert.equal(lines.filter(line => line === 'limits-degrade').length, 2, 'said once by each')
  assert.equal(lines.filter(line => line === 'limits-recover').length, 2)
})

test('what a replica counted that is gone is not forgotten when Redis comes back empty', async () => {
  const lines: string[] = []
  const log: Log = { ...silentLog, info: event => lines.push(event) }
  let mortal = await startRedis(file)
  const [here, gone] = await openPair(mortal, 'gone:', turnedClock(Date.now()), log)
  gone.add('user:a', 60, 50)
  await untilCount(here, 'user:a', 50)
  await gone.close()
  await mortal.kill()
  here.add('user:a', 60, 3)
  mortal = await startRedis(file, { port: mortal.port })
  await until(() => lines.includes('limits-recover'), 'the counts are shared again')
  assert.equal(here.peek('user:a', 60).count, 53)
})

test('while Redis is frozen counting goes on, and after the thaw nothing is counted twice', async () => {
  const warnings: string[] = []
  const log: Log = {
    ...silentLog,
    warn: (_event, fields) => warnings.push(String(fields?.reason)),
  }
  const frozen = await startRedis(file)
  const [here, there] = await openPair(frozen, 'frozen:', turnedClock(Date.now()), log)
  here.add('user:known', 60)
  there.add('user:known', 60)
  await untilCount(here, 'user:known', 2)

  frozen.signal('SIGSTOP')
  assert.equal(here.add('user:a', 60, 1000).count, 1000)
  await until(() => warnings.length > 0, 'the silence is noticed')
  assert.match(warnings[0] ?? '', /no answer within 250 ms/)
  assert.equal(here.peek('user:a', 60).count, 2000)
  // Long enough that the connection is given up: what was sent on it arrives after the thaw, and is sent again.
  const givenUpAt = performance.now() + 3000
  await until(() => performance.now() > givenUpAt, 'the connection is given up')
  assert.equal(there.add('user:a', 60, 1).count, 2)

  frozen.signal('SIGCONT')
  await untilCount(here, 'user:a', 1001)
  await untilCount(there, 'user:a', 1001)
  here.add('user:a', 60)
  await untilCount(here, 'user:a', 1002)
})

test('closes at once while Redis is frozen', async () => {
  const frozen = await startRedis(file)
  const counters = await openCounters(frozen, 'closing:')
  frozen.signal('SIGSTOP')
  counters.add('user:a', 60)
  const late = AbortSignal.timeout(1500)
  const tooLate = once(late, 'abort').then(() => 'too late')
  assert.equal(await Promise.race([counters.close().then(() => 'closed'), tooLate]), 'closed')
  assert.equal(counters.add('user:a', 60).count, 2)
})

async function openCounters(
  to: { url: string },
  prefix: string,
  options: { clock?: Clock; log?: Log } = {},
): Promise<Counters> {
  const counters = await openRedisCounters({ url: to.url, prefix, log: silentLog, ...options })
  defer(file, () => counters.close())
  return counters
}

async function openPair(
  to: { url: string },
  prefix: string,
  clock: Clock = turnedClock(Date.now()),
  log: Log = silentLog,
): Promise<[Counters, Counters]> {
  return [await openCounters(to, prefix, { clock, log }), await openCounters(to, prefix, { clock, log })]
}

/** Asks as a request would: counts of the others come with the next exchange of a key that is counted here. */
async function untilCount(counters: Counters, key: string, count: number, seconds = 60): Promise<void> {
  const now = () => counters.add(key, seconds, 0).count
  await until(() => now() === count, `${key} has the count ${count}`).catch(() => assert.equal(now(), count))
}

/** Polls what really lies in Redis. */
async function untilStored(pattern: string, keys: number): Promise<string[]> {
  let found: string[] = []
  await until(async () => {
    found = await reader.keys(pattern)
    return found.length >= keys
  }, `${keys} keys ${pattern} are in Redis`)
  return found
}
