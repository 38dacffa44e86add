import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { alertChannelContract, message } from '../../ports/alert-channel.contract.ts'
import { webhookSecret as secret, webhookReceiver } from '../../testing/webhook-receiver.ts'
import { createWebhook, signatureOf } from './webhook.ts'

const { signal } = new AbortController()
const now = Date.now

alertChannelContract(async (t, receiver) => {
  const answers = {
    takes: (response: ServerResponse) => void response.end(),
    refuses: (response: ServerResponse) => void response.writeHead(400).end('no'),
    hangs: () => {},
  }
  const { url, received } = await webhookReceiver(t, answers[receiver])
  return {
    channel: createWebhook({ url, secret, now }),
    texts: () => received.map(({ text }) => text),
    connections: () => received.length,
  }
})

test('a receiver can prove who sent the message and when', async t => {
  const { url, received } = await webhookReceiver(t)
  await createWebhook({ url, secret, now: () => 1_700_000_000_999 }).send(message, signal)
  const [{ headers, text, signed } = assert.fail()] = received
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['webhook-id'], message.messageId)
  assert.equal(headers['webhook-timestamp'], '1700000000')
  const { messageId: _messageId, ...content } = message
  assert.deepEqual(JSON.parse(text), content)
  assert.equal(signed, true)
})

test('signs as the specification says', () => {
  // The example in the documentation of Svix, who wrote it.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  assert.equal(
    signatureOf(secret, 'msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', '{"test": 2432232314}'),
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  )
})

test('follows no redirect, and says where the setting is', async t => {
  const { url, received } = await webhookReceiver(t, response =>
    response.writeHead(307, { location: '/elsewhere' }).end(),
  )
  const outcome = await createWebhook({ url, secret, now }).send(message, signal)
  assert.ok(!outcome.ok && outcome.lasting)
  assert.match(outcome.detail, /307.*ALERT_WEBHOOK_URL/)
  assert.equal(received.length, 1)
})

test('tells how long a busy receiver wants to be left alone, in seconds or until a date', async t => {
  const headers = ['20', new Date(1_700_000_060_000).toUTCString(), 'soon']
  const { url } = await webhookReceiver(t, (response, number) =>
    response.writeHead(503, { 'retry-after': headers[number - 1] ?? '' }).end(),
  )
  const channel = createWebhook({ url, secret, now: () => 1_700_000_000_000 })
  const waits: unknown[] = []
  for (const _ of headers) {
    const outcome = await channel.send(message, signal)
    assert.ok(!outcome.ok && !outcome.lasting)
    waits.push(outcome.retryAfterMs)
  }
  assert.deepEqual(waits, [20_000, 60_000, undefined])
})

test('does not name the address of a receiver that is not there: it may hold a token', async () => {
  const outcome = await createWebhook({ url: 'http://127.0.0.1:1/token-x', secret, now }).send(
    message,
    signal,
  )
  assert.ok(!outcome.ok && !outcome.lasting)
  assert.match(outcome.detail, /could not be reached/)
  assert.doesNotMatch(outcome.detail, /token-x/)
})
