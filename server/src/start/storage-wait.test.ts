import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { turnedClock } from '../testing/turned-clock.ts'
import { waitForStorage } from './storage-wait.ts'

const { signal } = new AbortController()
const reason = 'Required model price@1 failed to load: The storage of files does not answer.'

test('a storage that stays away for 120 s ends a start that needs it, with one sentence', async () => {
  const clock = turnedClock()
  const check = async () => {
    setImmediate(() => clock.turn(1000))
    throw new Problem('storage-unavailable', 'The storage of files does not answer.')
  }
  await assert.rejects(waitForStorage({ check, reasons: () => [reason], clock, startedAt: 0, signal }), {
    message: `The storage has not answered for 120 s. ${reason} Check the storage and FILES_URL, then start again.`,
  })
  assert.equal(clock.elapsed(), 120_000)
})

test('once the storage answers, or nothing needs it, the start goes on', async () => {
  const clock = turnedClock()
  let looks = 0
  const check = async () => {
    looks += 1
    setImmediate(() => clock.turn(1000))
    if (looks < 3) throw new Problem('storage-unavailable', 'The storage of files does not answer.')
  }
  await waitForStorage({ check, reasons: () => [reason], clock, startedAt: 0, signal })
  assert.equal(looks, 3)
  await waitForStorage({ check, reasons: () => [], clock, startedAt: 0, signal })
  assert.equal(looks, 3)
})

test('a full disk is no outage: a server without its model lives and says so', async () => {
  const check = async () => {
    throw new Problem('storage-full', 'The disk is full.')
  }
  await waitForStorage({ check, reasons: () => [reason], clock: turnedClock(), startedAt: 0, signal })
})
