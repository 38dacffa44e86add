import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@roundhouse/sdk'
import type { CreatedKey } from '@roundhouse/sdk/contract'
import type { Scope } from '../src/testing/defer.ts'
import { mlpModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { codeOf, isReplayed, openSql, post } from './keyed-calls.ts'
import { onLinux, until } from './processes.ts'
import { type Server, startServer } from './server.ts'

const file = mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 })
const atOnce = 100

async function killedBeforeItsAnswer(
  scope: Scope,
  begin: (server: Server) => Promise<{ ask: (server: Server) => Promise<Response>; isDone: string }>,
) {
  const { adminUrl } = await testDatabase(scope)
  const dataDir = await temporaryFolder(scope)
  const env = { DATABASE_URL: adminUrl, SAMPLE_MODEL: 'false' }
  const [sql, lock] = [await openSql(scope, adminUrl), await openSql(scope, adminUrl)]
  const first = await startServer(scope, { dataDir, env })
  const { ask, isDone } = await begin(first)
  await sql.query(`
    create function wait_for_test() returns trigger language plpgsql as $$
    begin perform pg_advisory_xact_lock(99); return new; end $$`)
  await sql.query(`
    create trigger wait_for_test before update on idempotency_keys for each row
    when (new.done_at is not null) execute function wait_for_test()`)
  await sql.query('grant execute on function wait_for_test to public')
  await lock.query('select pg_advisory_lock(99)')
  const cutOff = ask(first).then(
    () => 'answered',
    () => 'cut off',
  )
  await until(
    'its answer is being stored',
    async () => (await sql.query(`select from pg_locks where objid = 99 and not granted`)).rows.length > 0,
  )
  await first.kill()
  assert.equal(await cutOff, 'cut off')
  // It would go on by itself, without its server.
  await sql.query('select pg_terminate_backend(pid) from pg_locks where objid = 99 and not granted')
  await lock.query('select pg_advisory_unlock(99)')
  await until(
    'its connection is gone',
    async () => (await sql.query(`select from pg_locks where objid = 99`)).rows.length === 0,
  )
  await sql.query('drop trigger wait_for_test on idempotency_keys')
  const doneBefore = (await sql.query<{ done: boolean }>(isDone)).rows[0]?.done
  const second = await startServer(scope, { dataDir, env })
  await sql.query(`update idempotency_keys set leased_until = now() where done_at is null`)
  const replies = [await ask(second), await ask(second)]
  const texts = await Promise.all(replies.map(reply => reply.text()))
  const { rows } = await sql.query<{ amount: string }>(
    `select amount from credit_entries where account = 'user' and amount < 0`,
  )
  return {
    doneBefore,
    statuses: replies.map(reply => [reply.status, isReplayed(reply)]),
    same: texts[0] === texts[1],
    paid: rows.map(row => Number(row.amount)),
    second,
  }
}

async function member(
  server: Server,
  key: string,
): Promise<(path: string, body: unknown) => (at: Server) => Promise<Response>> {
  const account = { email: 'ann@example.com', password: 'a long enough password', name: 'Ann' }
  const { token } = await createClient({ baseUrl: server.url }).auth.signUp(account)
  return (path, body) => at => {
    const init = post(key, body)
    return at.fetch(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } })
  }
}

test(
  'a prediction whose server was killed after it was paid is given under its key, and paid once',
  onLinux,
  async t => {
    const { doneBefore, second, ...rest } = await killedBeforeItsAnswer(t, async server => {
      const model = await server.push('m', file, { visibility: 'users', price: '5' })
      const ask = (await member(server, 'paid'))(`/api/v1/models/${model.id}/predict`, {
        input_data: { x: [[0.5, 0.5]] },
        skip_cache: true,
      })
      return { ask, isDone: `select exists (select from credit_holds where status = 'settled') as done` }
    })
    assert.equal(doneBefore, true, 'it was paid before')
    assert.deepEqual(rest, {
      statuses: [
        [201, false],
        [201, true],
      ],
      same: true,
      paid: [-5],
    })
    await second.stop()
  },
)

test(
  'of a report whose server was killed before it was paid there is nothing; under its key it is made and paid once',
  onLinux,
  async t => {
    const { doneBefore, second, ...rest } = await killedBeforeItsAnswer(t, async server => {
      await server.call('PATCH', '/api/v1/admin/prices', { report: 7 })
      const data = { title: 'Sales', forecast: [{ label: 'Q1', value: 12 }] }
      const ask = (await member(server, 'report'))('/api/v1/reports', { template: 'forecast-report', data })
      return {
        ask,
        isDone: `select exists (select from reports) or exists (select from credit_holds where status = 'settled') as done`,
      }
    })
    assert.equal(doneBefore, false, 'neither stored nor paid')
    assert.deepEqual(rest, {
      statuses: [
        [201, false],
        [201, true],
      ],
      same: true,
      paid: [-7],
    })
    await second.stop()
  },
)

test(
  'a server that is killed in the middle leaves a key with which the request is done, once',
  onLinux,
  async t => {
    const { adminUrl } = await testDatabase(t)
    const dataDir = await temporaryFolder(t)
    const env = { DATABASE_URL: adminUrl, SAMPLE_MODEL: 'false' }
    const sql = await openSql(t, adminUrl)
    const count = async (query: string) => Number((await sql.query<{ n: string }>(query)).rows[0]?.n)
    const keys = () => count(`select count(*) as n from api_keys where name = 'nightly'`)

    // Its effect waits for the audit log's lock, and is never committed.
    const first = await startServer(t, { dataDir, env })
    await sql.query('select pg_advisory_lock(7238942)')
    const cutOff = Promise.allSettled(
      Array.from({ length: atOnce }, () => first.fetch('/api/v1/keys', post('killed', { name: 'nightly' }))),
    )
    await until(
      'the call has begun',
      async () =>
        (await count(`
    select count(*) as n from pg_locks where locktype = 'advisory' and objid = 7238942 and not granted`)) > 0,
    )
    await first.kill()
    await cutOff
    await sql.query('select pg_advisory_unlock(7238942)')
    await until(
      'its transaction is gone',
      async () =>
        (await count(`
    select count(*) as n from pg_locks where locktype = 'advisory' and objid = 7238942`)) === 0,
    )
    assert.equal(await keys(), 0)

    const second = await startServer(t, { dataDir, env })
    const again = () => second.fetch('/api/v1/keys', post('killed', { name: 'nightly' }))
    const early = await again()
    assert.deepEqual([early.status, await codeOf(early)], [409, 'idempotency-running'])
    const waitSeconds = Number(early.headers.get('retry-after'))
    assert.ok(waitSeconds >= 1 && waitSeconds <= 30, `${waitSeconds} s`)
    await sql.query(`update idempotency_keys set leased_until = now() where done_at is null`)
    const done = await again()
    assert.deepEqual([done.status, isReplayed(done)], [201, false])
    const text = await done.text()
    assert.equal(await keys(), 1)

    // And once more, as soon as the effect is committed: whether anyone was answered or not.
    const answers = Promise.allSettled(
      Array.from({ length: atOnce }, () =>
        second.fetch('/api/v1/keys', post('committed', { name: 'nightly' })),
      ),
    )
    await until('it is committed', async () => (await keys()) === 2)
    await second.kill()
    await answers
    const third = await startServer(t, { dataDir, env })
    const after = await third.fetch('/api/v1/keys', post('committed', { name: 'nightly' }))
    assert.deepEqual([after.status, isReplayed(after)], [201, true])
    const { key } = (await after.json()) as CreatedKey
    const me = await fetch(`${third.url}/api/v1/me`, { headers: { authorization: `Bearer ${key}` } })
    assert.equal(me.status, 200, 'the key of the answer that was never seen works')
    const old = await third.fetch('/api/v1/keys', post('killed', { name: 'nightly' }))
    assert.deepEqual([isReplayed(old), await old.text()], [true, text])
    assert.equal(await keys(), 2)
    await third.stop()
  },
)
