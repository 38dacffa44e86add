import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import type { AlertList, AlertTest } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { createWebhook } from '../src/adapters/webhook/webhook.ts'
import { createAlertStore } from '../src/admin/alerts/store.ts'
import { createIds } from '../src/kit/ids.ts'
import { message } from '../src/ports/alert-channel.contract.ts'
import { defer } from '../src/testing/defer.ts'
import { testHouse } from '../src/testing/house.ts'
import { mailServer } from '../src/testing/mail-server.ts'
import { silentServer } from '../src/testing/silent-server.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { until } from '../src/testing/until.ts'
import { webhookReceiver, webhookSecret } from '../src/testing/webhook-receiver.ts'

const tooFull = { ALERT_MIN_FREE_BYTES: String(2 ** 52) }
const mailTo = (port: number) => ({
  ALERT_EMAIL_TO: 'ops@example.com',
  SMTP_URL: `smtp://127.0.0.1:${port}`,
  SMTP_FROM: 'Roundhouse <alerts@example.com>',
})
const webhookTo = (url: string) => ({ ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: webhookSecret })

test('a disk that is too full is told once by two replicas, to the webhook and by mail, and stands in the list', async t => {
  const { url, received } = await webhookReceiver(t)
  const { port, mails } = await mailServer(t)
  const env = { ...tooFull, ...webhookTo(url), ...mailTo(port) }
  const share = { databaseUrl: (await testDatabase(t)).appUrl, dataDir: await temporaryFolder(t) }
  const [, two] = await Promise.all([testHouse(t, env, { share }), testHouse(t, env, { share })])
  const admin = await two.user({ role: 'admin' })
  const list = async () => (await (await admin.fetch('/api/v1/admin/alerts')).json()) as AlertList
  await until(async () => (await list()).data[0]?.undelivered.length === 0, 'everyone was told')
  const { data, next_cursor } = await list()
  assert.equal(data.length, 1)
  assert.equal(next_cursor, null)
  assert.deepEqual([data[0]?.type, data[0]?.severity, data[0]?.resolved_at], ['low-disk', 'critical', null])
  assert.equal(received.length, 1)
  assert.equal(received[0]?.signed, true)
  assert.equal(JSON.parse(received[0]?.text ?? '').id, data[0]?.id)
  assert.equal(mails.length, 1)
  assert.match(mails[0]?.text ?? '', /^type: low-disk\r$/m)
})

test('a mail server that hangs holds neither answers, nor the webhook, nor the stop', async t => {
  const { url, received } = await webhookReceiver(t)
  const { port, sockets } = await silentServer(t)
  const house = await testHouse(t, { ...tooFull, ...webhookTo(url), ...mailTo(port) })
  await until(() => received.length === 1 && sockets.length === 1, 'both were begun')
  assert.equal((await house.fetch('/api/v1/ready')).status, 200)
  const startedAt = performance.now()
  await house.house.close()
  assert.ok(performance.now() - startedAt < 4000)
})

test('an administrator tries the channels out and hears what each of them says; that is in the audit log', async t => {
  const { url, received } = await webhookReceiver(t, (response, number) =>
    response.writeHead(number === 1 ? 500 : 204).end(),
  )
  const { port, mails } = await mailServer(t)
  const house = await testHouse(t, { ALERT_MIN_FREE_BYTES: '0', ...webhookTo(url), ...mailTo(port) })
  const tryOut = async () => {
    const reply = await house.fetch('/api/v1/admin/alerts/test', { method: 'POST' })
    assert.equal(reply.status, 200)
    return ((await reply.json()) as AlertTest).data
  }
  assert.deepEqual(await tryOut(), [
    { channel: 'webhook', ok: false, detail: 'The webhook answered 500, expected 2xx.' },
    { channel: 'email', ok: true, detail: '127.0.0.1 took the message.' },
  ])
  assert.deepEqual(
    (await tryOut()).map(({ ok }) => ok),
    [true, true],
  )
  assert.deepEqual([received.length, mails.length], [2, 2])
  const audit = (await (await house.fetch('/api/v1/admin/audit')).json()) as { data: { action: string }[] }
  assert.equal(audit.data.filter(({ action }) => action === 'alert-test').length, 2)
  const { data } = (await (await house.fetch('/api/v1/admin/alerts')).json()) as AlertList
  assert.deepEqual(data, [], 'a test is no alert')
})

test('jobs that were given up through no fault of their owners and a task that failed are told, a task until a run of it succeeds', async t => {
  const house = await testHouse(t, { ALERT_MIN_FREE_BYTES: '0' })
  const { system } = house.ground.database
  const store = createAlertStore(system)
  await sql`
    insert into jobs (id, kind, status, payload, max_attempts, ticket, run_at, finished_at, error)
    select gen_random_uuid(), kind, 'failed', '{}', 3, gen_random_uuid(), now(), now() - age,
      jsonb_build_object('code', code, 'detail', '')
    from (values ('model', interval '0', 'job-crashed'), ('model', '59 minutes', 'internal'),
      ('batch', '0', 'model-overloaded'), ('batch', '61 minutes', 'internal'), ('task', '0', 'internal'),
      ('model', '0', 'invalid-request'), ('batch', '0', 'quota-exceeded')) job (kind, age, code)`.execute(
    system,
  )
  assert.deepEqual(await store.failedJobs(new Date(Date.now() - 3_600_000)), [
    { kind: 'batch', count: 1 },
    { kind: 'model', count: 2 },
  ])

  await sql`insert into tasks (name, timezone, last_tick) select name, 'UTC', now() from unnest(array['a', 'b', 'gone']) name`.execute(
    system,
  )
  const run = (task: string, status: string) =>
    sql`insert into task_runs (id, task, cause, job_id, status, error, created_at)
      values (${createIds().uuid()}, ${task}, 'manual', gen_random_uuid(), ${status}, '{"code":"x","detail":"No data."}', clock_timestamp())`.execute(
      system,
    )
  for (const [task, status] of Object.entries({ a: 'failed', b: 'done', gone: 'failed' }))
    await run(task, status)
  await run('a', 'running')
  const failed = async () =>
    (await store.failedTasks(['a', 'b'])).map(({ task, error }) => `${task}: ${error}`)
  assert.deepEqual(await failed(), ['a: No data.'])
  await run('a', 'done')
  await run('b', 'failed')
  assert.deepEqual(await failed(), ['b: No data.'])
  await sql`update tasks set paused = true where name = 'b'`.execute(system)
  assert.deepEqual(await failed(), [])
})

test('the receiver of the documentation believes our messages and no others', async t => {
  const text = await readFile(new URL('../../docs/alerts.md', import.meta.url), 'utf8')
  const code = /```js\n(.*?)```/s.exec(text)?.[1] ?? assert.fail()
  const listening = code.replace(
    '.listen(9000)',
    ".listen(0, '127.0.0.1', function () { console.log(this.address().port) })",
  )
  const child = spawn(process.execPath, ['--input-type=module', '--eval', listening], {
    env: { ALERT_WEBHOOK_SECRET: webhookSecret },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  defer(t, () => child.kill())
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const url = `http://127.0.0.1:${(await lines.next()).value}/`
  const { signal } = new AbortController()
  const outcome = await createWebhook({ url, secret: webhookSecret, now: Date.now }).send(message, signal)
  assert.equal(outcome.ok, true, outcome.detail)
  assert.equal((await lines.next()).value, message.summary)
  const other = `whsec_${Buffer.alloc(32).toString('base64')}`
  for (const [secret, now] of [
    [other, Date.now],
    [webhookSecret, () => Date.now() - 301_000],
  ] as const)
    assert.match((await createWebhook({ url, secret, now }).send(message, signal)).detail, /401/)
})

test('a cursor that was made up is refused', async t => {
  const house = await testHouse(t)
  assert.equal((await house.fetch('/api/v1/admin/alerts?cursor=made-up')).status, 400)
  assert.equal((await house.fetch('/api/v1/admin/alerts?limit=0')).status, 400)
})
