import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { serviceCaller } from '../../accounts/caller.ts'
import { createWebhook } from '../../adapters/webhook/webhook.ts'
import { createIds } from '../../kit/ids.ts'
import { silentLog } from '../../kit/log.ts'
import type { AlertChannel, AlertMessage } from '../../ports/alert-channel.ts'
import { anonymousCaller } from '../../testing/callers.ts'
import { defer } from '../../testing/defer.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { turnedClock } from '../../testing/turned-clock.ts'
import { until } from '../../testing/until.ts'
import { type Received, webhookSecret as secret, webhookReceiver } from '../../testing/webhook-receiver.ts'
import { createAlerts } from './alerts.ts'
import type { AlertTables, Finding } from './store.ts'
import type { Watch } from './watches.ts'

const service = serviceCaller('test')
const minuteMs = 60_000
const full: Finding = {
  key: 'low-disk',
  type: 'low-disk',
  severity: 'critical',
  summary: 'The disk is full.',
  details: { free_bytes: 5 },
}

/** A database and a clock for replicas that share them; `trouble` is what all of them see. */
async function openHouse(t: TestContext) {
  const { adminUrl, database } = await openTestDatabase<AlertTables>(t, { max: 3, systemMax: 4 })
  const events: string[] = []
  const clock = turnedClock(Date.UTC(2026, 10, 21, 12))
  const trouble: Finding[] = []
  const watch: Watch = { type: 'low-disk', look: async () => [...trouble] }

  function replica(channels: readonly AlertChannel[], watches: readonly Watch[] = [watch]) {
    const alerts = createAlerts({
      changed() {},
      channels,
      watches,
      host: 'here',
      database,
      clock,
      ids: createIds(clock.now),
      log: { ...silentLog, warn: event => void events.push(event) },
    })
    defer(t, alerts.close)
    return alerts
  }

  return { adminUrl, clock, trouble, events, replica }
}

const said = (received: readonly Received[]) =>
  received.map(({ text }) => {
    const { id, status, at } = JSON.parse(text) as AlertMessage
    return { id, status, at: at.slice(11, 16) }
  })

test('two replicas tell a trouble once, again after an hour while it lasts, and that it is over', async t => {
  const { clock, trouble, replica } = await openHouse(t)
  const { url, received } = await webhookReceiver(t)
  const webhook = createWebhook({ url, secret, now: clock.now })
  const [one, two] = [replica([webhook]), replica([webhook])]
  const undelivered = async () => (await one.list(service, { limit: 1 })).flatMap(alert => alert.undelivered)
  // All is sent before the clock is turned: what is still on its way after minutes is sent once more.
  const look = async () => {
    await Promise.all([one.look(), two.look()])
    await until(async () => (await undelivered()).length === 0, 'all is delivered')
  }
  await look()
  assert.deepEqual(await one.list(service, { limit: 9 }), [])

  trouble.push(full)
  for (const minutes of [1, 1, 57, 1, 1]) {
    await look()
    clock.turn(minutes * minuteMs)
  }
  trouble.pop()
  for (let minute = 1; minute <= 4; minute += 1) {
    await look()
    clock.turn(minuteMs)
  }
  const [alert = assert.fail(), ...more] = await two.list(service, { limit: 9 })
  assert.deepEqual(more, [])
  const { id } = alert
  assert.deepEqual(said(received), [
    { id, status: 'open', at: '12:00' },
    { id, status: 'open', at: '13:00' },
    { id, status: 'resolved', at: '13:04' },
  ])
  assert.ok(received.every(({ signed }) => signed))
  assert.equal(new Set(received.map(({ headers }) => headers['webhook-id'])).size, 3)
  assert.deepEqual(alert, {
    id,
    type: 'low-disk',
    severity: 'critical',
    summary: 'The disk is full.',
    details: { free_bytes: 5 },
    opened_at: '2026-11-21T12:00:00.000Z',
    last_seen_at: '2026-11-21T13:00:00.000Z',
    last_sent_at: '2026-11-21T13:00:00.000Z',
    resolved_at: '2026-11-21T13:04:00.000Z',
    undelivered: [],
  })
})

test('a trouble that comes and goes is told once in an hour, and as a new one after it', async t => {
  const { clock, trouble, replica } = await openHouse(t)
  const { url, received } = await webhookReceiver(t)
  const alerts = replica([createWebhook({ url, secret, now: clock.now })])
  const isThere = { 0: true, 4: true, 8: false, 10: true, 14: true, 18: false, 50: true, 58: false, 60: true }
  let now = 0
  for (const [minute, there] of Object.entries(isThere)) {
    clock.turn((Number(minute) - now) * minuteMs)
    now = Number(minute)
    trouble.splice(0, 1, ...(there ? [full] : []))
    await alerts.look()
  }
  await until(() => received.length === 3, 'all is delivered')
  assert.deepEqual(
    said(received).map(({ status, at }) => `${at} ${status}`),
    ['12:00 open', '12:08 resolved', '13:00 open'],
  )
  const [newest = assert.fail()] = await alerts.list(service, { limit: 1 })
  const older = await alerts.list(service, { limit: 9, beforeId: newest.id })
  assert.deepEqual(
    [newest, ...older].map(alert => alert.opened_at.slice(11, 16)),
    ['13:00', '12:00'],
  )
})

test('a receiver that fails twice takes the message once, the third time', async t => {
  const { clock, trouble, replica } = await openHouse(t)
  const { url, received } = await webhookReceiver(t, failing(2, 503))
  const alerts = replica([createWebhook({ url, secret, now: clock.now })])
  trouble.push(full)
  await alerts.look()
  await until(async () => {
    clock.turn(100)
    const [alert] = await alerts.list(service, { limit: 1 })
    return alert?.undelivered.length === 0
  }, 'the message is delivered')
  assert.equal(received.length, 3)
  assert.ok(received.every(({ signed }) => signed))
  assert.equal(new Set(received.map(({ headers }) => headers['webhook-id'])).size, 1)
})

test('what a receiver refuses is sent again at a later look, by whichever replica looks', async t => {
  const { clock, trouble, replica } = await openHouse(t)
  const { url, received } = await webhookReceiver(t, failing(1, 400))
  const webhook = createWebhook({ url, secret, now: clock.now })
  const [one, two] = [replica([webhook]), replica([webhook])]
  trouble.push(full)
  await one.look()
  await until(() => received.length === 1, 'it was refused')
  await one.close()
  assert.deepEqual((await two.list(service, { limit: 1 }))[0]?.undelivered, ['webhook'])
  clock.turn(minuteMs)
  await two.look()
  await until(() => received.length === 2, 'it was sent again')
  assert.equal(received[0]?.headers['webhook-id'], received[1]?.headers['webhook-id'])
})

test('a busy receiver is left alone for as long as it asks', async t => {
  const { clock, trouble, events, replica } = await openHouse(t)
  const { url, received } = await webhookReceiver(t, failing(1, 503, { 'retry-after': '150' }))
  const alerts = replica([createWebhook({ url, secret, now: clock.now })])
  trouble.push(full)
  const seen: number[] = []
  await alerts.look()
  await until(() => events.includes('alert-deliver-fail'), 'it was refused')
  for (let minute = 1; minute <= 3; minute += 1) {
    clock.turn(minuteMs)
    await alerts.look()
    if (minute === 3) await until(() => received.length === 2, 'it was sent again')
    seen.push(received.length)
  }
  assert.deepEqual(seen, [1, 1, 2])
})

test('a channel that hangs holds neither a look nor the other channel, and ends with the room', async t => {
  const { clock, trouble, replica } = await openHouse(t)
  const { url, received } = await webhookReceiver(t)
  const hanging = await webhookReceiver(t, () => {})
  const slow = { ...createWebhook({ url: hanging.url, secret, now: clock.now }), name: 'slow' }
  const alerts = replica([slow, createWebhook({ url, secret, now: clock.now })])
  trouble.push(full)
  await alerts.look()
  await until(() => received.length === 1 && hanging.received.length === 1, 'both were sent')
  clock.turn(minuteMs)
  await alerts.look()
  await alerts.close()
  assert.equal(hanging.received.length, 1)
  assert.deepEqual((await alerts.list(service, { limit: 1 }))[0]?.undelivered, ['slow'])
})

test('a watch that cannot look says neither that a trouble is there nor that it is over', async t => {
  const { clock, trouble, replica } = await openHouse(t)
  let isBlind = false
  const watch: Watch = {
    type: 'low-disk',
    look: async () => (isBlind ? Promise.reject(new Error('no such folder')) : [...trouble]),
  }
  const alerts = replica([], [watch])
  trouble.push(full)
  await alerts.look()
  isBlind = true
  clock.turn(60 * minuteMs)
  await alerts.look()
  assert.equal((await alerts.list(service, { limit: 1 }))[0]?.resolved_at, null)
  isBlind = false
  trouble.pop()
  await alerts.look()
  assert.notEqual((await alerts.list(service, { limit: 1 }))[0]?.resolved_at, null)
})

test('while the database is away a replica tells what it sees, and does not tell it twice when it is back', async t => {
  const { adminUrl, clock, trouble, replica } = await openHouse(t)
  const { url, received } = await webhookReceiver(t)
  const alerts = replica([createWebhook({ url, secret, now: clock.now })])
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  defer(t, () => client.end())
  trouble.push(full)
  await client.query('begin; lock table roundhouse.alerts in access exclusive mode')
  for (let look = 0; look < 2; look += 1) {
    await assert.rejects(alerts.look(), { code: 'database-unavailable' })
    clock.turn(minuteMs)
  }
  await until(() => received.length === 1, 'it was told')
  await client.query('rollback')
  await alerts.look()
  trouble.pop()
  clock.turn(5 * minuteMs)
  await alerts.look()
  await until(() => received.length > 1, 'it is over')
  const [{ id } = assert.fail()] = await alerts.list(service, { limit: 1 })
  assert.deepEqual(
    said(received).map(message => [message.id, message.status]),
    [
      [id, 'open'],
      [id, 'resolved'],
    ],
  )
})

test('a test goes through each channel once and says how it went', async t => {
  const { clock, replica } = await openHouse(t)
  const { url, received } = await webhookReceiver(t, failing(1, 500))
  const alerts = replica([createWebhook({ url, secret, now: clock.now })])
  const { ok, channel, detail } = (await alerts.test(service))[0] ?? assert.fail()
  assert.deepEqual([channel, ok], ['webhook', false])
  assert.match(detail, /500/)
  assert.deepEqual(
    (await alerts.test(service)).map(({ ok }) => ok),
    [true],
  )
  assert.deepEqual(
    said(received).map(({ status }) => status),
    ['test', 'test'],
  )
})

test('only administrators see alerts', async t => {
  const { trouble, replica } = await openHouse(t)
  const alerts = replica([])
  trouble.push(full)
  await alerts.look()
  assert.equal((await alerts.list(service, { limit: 9 })).length, 1)
  assert.deepEqual(await alerts.list(anonymousCaller, { limit: 9 }), [])
})

/** Refuses so many requests, then takes every one. */
function failing(times: number, status: number, headers: Record<string, string> = {}) {
  return (response: ServerResponse, number: number) => {
    if (number <= times) response.writeHead(status, headers)
    response.end()
  }
}
