import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan } from '@roundhouse/sdk/contract'
import { createMemoryCounters } from '../adapters/counters/memory.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { type Caller, serviceCaller, unlimited } from './caller.ts'
import { createLimits } from './limits.ts'

/** A quarter past an hour, to the second. */
const startMs = Date.UTC(2026, 10, 21, 12, 15)

test('says what the plan gives, what is left and when there is more', () => {
  const { check } = open()
  const caller = member('a', { requests_per_minute: 600, requests_per_hour: 20000 })
  assert.deepEqual(check(caller), {
    allowed: true,
    policyHeader: '"minute";q=600;w=60, "hour";q=20000;w=3600',
    limitHeader: '"minute";r=599;t=60, "hour";r=19999;t=2700',
    retryAfterSeconds: 0,
  })
  assert.equal(check(caller)?.limitHeader, '"minute";r=598;t=60, "hour";r=19998;t=2700')
})

test('gives exactly what the plan gives, then refuses until the minute that it names', () => {
  const { check, clock } = open()
  const caller = member('a', { requests_per_minute: 3, requests_per_hour: 100 })
  clock.turn(20_500)
  assert.deepEqual(allowed(check, caller, 5), [true, true, true, false, false])
  const refused = check(caller)
  assert.equal(refused?.limitHeader, '"minute";r=0;t=40, "hour";r=97;t=2680')
  assert.equal(refused?.retryAfterSeconds, 40)
  clock.turn(39_000)
  assert.deepEqual(allowed(check, caller, 1), [false])
  assert.equal(check(caller)?.retryAfterSeconds, 1)
  clock.turn(500)
  assert.deepEqual(allowed(check, caller, 4), [true, true, true, false])
})

test('what was refused by the minute is not taken from the hour, and the longer wait is named', () => {
  const { check, clock } = open()
  const caller = member('a', { requests_per_minute: 3, requests_per_hour: 5 })
  allowed(check, caller, 50)
  assert.match(check(caller)?.limitHeader ?? '', /"hour";r=2;/)
  clock.turn(60_000)
  assert.deepEqual(allowed(check, caller, 3), [true, true, false])
  const refused = check(caller)
  assert.equal(refused?.limitHeader, '"minute";r=1;t=60, "hour";r=0;t=2640')
  assert.equal(refused?.retryAfterSeconds, 2640)
  clock.turn(2_640_000)
  assert.deepEqual(allowed(check, caller, 1), [true])
})

test('callers do not use up one another, and two credentials of one caller count together', () => {
  const { check } = open()
  const plan = { requests_per_minute: 1 }
  assert.deepEqual(allowed(check, member('a', plan), 2), [true, false])
  assert.deepEqual(allowed(check, member('b', plan), 2), [true, false])
  assert.deepEqual(allowed(check, { ...member('a', plan), credential: 'another' }, 1), [false])
})

test('a plan may limit by the minute or the hour alone, and a smaller plan counts what was used before', () => {
  const { check } = open()
  const hourly = member('a', { requests_per_hour: 4 })
  assert.equal(check(hourly)?.policyHeader, '"hour";q=4;w=3600')
  assert.equal(check(hourly)?.limitHeader, '"hour";r=2;t=2700')
  const smaller = check(member('a', { requests_per_hour: 1 }))
  assert.deepEqual([smaller?.allowed, smaller?.limitHeader], [false, '"hour";r=0;t=2700'])
  assert.equal(check(member('b', { requests_per_minute: 4 }))?.policyHeader, '"minute";q=4;w=60')
})

test('the service-role key and plans without limits are never refused and told no limits', () => {
  const { check } = open()
  for (const caller of [serviceCaller('service-key'), member('a', {})])
    for (let call = 0; call < 1000; call++) assert.equal(check(caller), undefined)
})

test('a plan gives so many runs at once and no more, and a run gives its place back once', () => {
  const { acquireRun } = open()
  const caller = member('a', { concurrent_runs: 2 })
  const first = acquireRun(caller)
  const second = acquireRun(caller)
  assert.ok(first && second)
  assert.equal(acquireRun(caller), undefined)
  assert.ok(acquireRun(member('b', { concurrent_runs: 2 })))
  first()
  first()
  assert.ok(acquireRun(caller))
  assert.equal(acquireRun(caller), undefined)
})

test('a plan without a limit of runs gives as many as are asked for', () => {
  const { acquireRun } = open()
  const releases = Array.from({ length: 1000 }, () => acquireRun(serviceCaller('service-key')))
  assert.ok(releases.every(release => release !== undefined))
})

function open() {
  const clock = turnedClock(startMs)
  return { ...createLimits({ counters: createMemoryCounters({ clock }) }), clock }
}

function allowed(check: ReturnType<typeof createLimits>['check'], caller: Caller, times: number): unknown[] {
  return Array.from({ length: times }, () => check(caller)?.allowed)
}

function member(name: string, limits: Partial<Plan>): Caller {
  return {
    role: 'member',
    userId: name,
    credential: name,
    kind: 'api-key',
    scopes: new Set(['read']),
    plan: { ...unlimited, name: 'free', ...limits },
    expiresAt: null,
    limitKey: `user:${name}`,
  }
}
