import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import { createMemoryCounters } from '../adapters/counters/memory.ts'
import type { Counters } from '../ports/counters.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { createThrottle, type Throttle } from './throttle.ts'

test('a password can be tried 10 times a minute from one address, then 429 until the minute is over', () => {
  const { throttle, clock } = open()
  clock.turn(15_000)
  const who = { account: 'ada@example.com', address: '203.0.113.7' }
  assert.equal(tries(throttle, who, 30), 10)
  assert.throws(
    () => throttle.attempt(who),
    error => isProblem(error) && error.code === 'rate-limited' && error.retryAfterSeconds === 45,
  )
  clock.turn(45_000)
  assert.equal(tries(throttle, who, 30), 10)
})

test('another spelling of the account, or another address of the same network, gives no more tries', () => {
  const { throttle } = open()
  const spellings = ['ada@example.com', 'Ada@Example.COM', ' ada@example.com ']
  const addresses = ['2001:db8::1', '2001:db8::2', '2001:0db8:0::ffff']
  let admitted = 0
  for (let time = 0; time < 30; time++)
    admitted += tries(throttle, { account: spellings[time % 3] ?? '', address: addresses[time % 3] ?? '' }, 1)
  assert.equal(admitted, 10)
})

test('many addresses together try one account 20 times a minute', () => {
  const { throttle } = open()
  let admitted = 0
  for (let host = 1; host <= 100; host++)
    admitted += tries(throttle, { account: 'ada@example.com', address: `203.0.113.${host}` }, 1)
  assert.equal(admitted, 20)
  assert.equal(tries(throttle, { account: 'bob@example.com', address: '203.0.113.1' }, 1), 1)
})

test('one address tries 30 times a minute, however many accounts it names', () => {
  const { throttle } = open()
  let admitted = 0
  for (let account = 0; account < 100; account++)
    admitted += tries(throttle, { account: `user-${account}@example.com`, address: '203.0.113.7' }, 1)
  assert.equal(admitted, 30)
  assert.equal(tries(throttle, { address: '203.0.113.7' }, 1), 0)
  assert.equal(tries(throttle, { address: '203.0.113.8' }, 50), 30)
})

test('one address alone cannot use up the tries that the account has from elsewhere', () => {
  const { throttle } = open()
  assert.equal(tries(throttle, { account: 'ada@example.com', address: '198.51.100.1' }, 1000), 10)
  assert.equal(tries(throttle, { account: 'ada@example.com', address: '203.0.113.7' }, 5), 5)
})

test('60 invalid keys a minute from one address are looked up, then none, and others go on', () => {
  const { throttle, clock } = open()
  clock.turn(20_000)
  let lookedUp = 0
  let refused = 0
  for (let time = 0; time < 100; time++) {
    if (throttle.mayTry('203.0.113.7')) lookedUp += 1
    const problem = throttle.badCredential('203.0.113.7')
    if (!problem) continue
    refused += 1
    assert.deepEqual([problem.code, problem.status, problem.retryAfterSeconds], ['rate-limited', 429, 40])
  }
  assert.deepEqual([lookedUp, refused], [60, 40])
  assert.equal(throttle.mayTry('203.0.113.8'), true)
  clock.turn(40_000)
  assert.equal(throttle.mayTry('203.0.113.7'), true)
})

test('the account is nowhere to be read in what is counted', () => {
  const keys: string[] = []
  const counters = createMemoryCounters({ clock: turnedClock() })
  const watched: Counters = {
    ...counters,
    add(key, ...rest) {
      keys.push(key)
      return counters.add(key, ...rest)
    },
  }
  createThrottle({ counters: watched }).attempt({ account: 'ada@example.com', address: '203.0.113.7' })
  assert.equal(keys.length, 3)
  for (const key of keys) assert.doesNotMatch(key, /ada|example/)
})

function open() {
  const clock = turnedClock(Date.UTC(2026, 10, 21))
  return { throttle: createThrottle({ counters: createMemoryCounters({ clock }) }), clock }
}

function tries(throttle: Throttle, who: { account?: string; address: string }, times: number): number {
  let admitted = 0
  for (let time = 0; time < times; time++) {
    try {
      throttle.attempt(who)
      admitted += 1
    } catch (error) {
      assert.ok(isProblem(error) && error.code === 'rate-limited', String(error))
    }
  }
  return admitted
}
