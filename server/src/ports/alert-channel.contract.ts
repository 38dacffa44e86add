import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { AlertChannel, AlertMessage } from './alert-channel.ts'

export const message: AlertMessage = {
  messageId: '0190a6f0-0000-7000-8000-000000000001',
  id: '0190a6f0-0000-7000-8000-000000000002',
  type: 'low-disk',
  status: 'open',
  severity: 'critical',
  summary: 'The disk of a has 1 MB left, less than 1,000 MB.',
  details: { host: 'a', free_bytes: 1_000_000 },
  at: '2026-11-21T12:00:00.000Z',
}

/** A channel whose receiver takes every message, refuses every one for good, or never answers. */
export type OpenChannel = (
  t: TestContext,
  receiver: 'takes' | 'refuses' | 'hangs',
) => Promise<{ channel: AlertChannel; texts: () => readonly string[]; connections: () => number }>

export function alertChannelContract(open: OpenChannel): void {
  const { signal } = new AbortController()

  test('brings the message to the receiver once', async t => {
    const { channel, texts } = await open(t, 'takes')
    const outcome = await channel.send(message, signal)
    assert.equal(outcome.ok, true, outcome.detail)
    assert.equal(texts().length, 1)
    assert.match(texts()[0] ?? '', /The disk of a has 1 MB left/)
  })

  test('says that a message was refused, and that the same at once would be', async t => {
    const { channel } = await open(t, 'refuses')
    const outcome = await channel.send(message, signal)
    assert.ok(!outcome.ok)
    assert.equal(outcome.lasting, true)
    assert.match(outcome.detail, /^[^\n]{10,400}$/)
  })

  test('ends at once by the signal, while the receiver hangs', async t => {
    const { channel, connections } = await open(t, 'hangs')
    const controller = new AbortController()
    const sending = channel.send(message, controller.signal)
    while (connections() === 0) await new Promise(resolve => setImmediate(resolve))
    const startedAt = performance.now()
    controller.abort()
    const outcome = await sending
    assert.equal(outcome.ok, false)
    assert.ok(performance.now() - startedAt < 1000)
  })

  test('gives a receiver up that never answers, and says that it may answer later', {
    timeout: 20_000,
  }, async t => {
    const { channel } = await open(t, 'hangs')
    const outcome = await channel.send(message, signal)
    assert.ok(!outcome.ok)
    assert.equal(outcome.lasting, false)
  })
}
