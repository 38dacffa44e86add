import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import pg from 'pg'
import { silentLog } from '../../kit/log.ts'
import type { ReadQuestion } from '../../ports/app-sql.ts'
import { testDatabase } from '../../testing/test-database.ts'
import { openAppSql } from './app-sql.ts'

const limits = { timeoutMs: 3000, maxRows: 3, maxBytes: 200 }
const ask = (text: string, values: readonly unknown[] = []): ReadQuestion => ({ text, values, ...limits })

test('a question is answered with rows as JSON, as many as fit, and nothing can be written by it', async t => {
  const { adminUrl, appUrl } = await testDatabase(t)
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query(`create schema if not exists app; create table app.houses (id bigint, price numeric, sold date);
    insert into app.houses select n, n * 1.5, date '2026-01-01' + n::integer from generate_series(1, 5) as n;
    grant usage on schema app to public; grant all on all tables in schema app to public`)
  await admin.end()
  const { read, close } = openAppSql({ url: appUrl, applicationName: 'rh-test', max: 2, log: silentLog })
  t.after(close)

  assert.deepEqual(await read(ask('select * from houses where id = $1 -- of one', ['2'])), {
    rows: ['{"id":2,"price":3.0,"sold":"2026-01-03"}'],
    isCut: false,
  })
  const many = await read(ask('select id from houses order by id desc'))
  assert.deepEqual(many, { rows: ['{"id":5}', '{"id":4}', '{"id":3}'], isCut: true })
  assert.deepEqual(await read(ask('select id from houses where id > 2 order by id')), {
    rows: ['{"id":3}', '{"id":4}', '{"id":5}'],
    isCut: false,
  })
  const wide = await read(ask(`select repeat('x', 150) as text from houses`))
  assert.deepEqual([wide.rows.length, wide.isCut], [1, true])
  const huge = await read(ask(`select repeat('x', 10000000) as text`))
  assert.deepEqual([huge.rows.map(row => row.length), huge.isCut], [[200], true])
  assert.deepEqual(await read(ask('select id from houses where false')), { rows: [], isCut: false })

  const writes = `select id from houses where (select setval('app.s', 1)) is null`
  for (const text of [
    'delete from houses returning id',
    'with gone as (delete from houses returning id) select id from gone',
    'select 1) as a; commit; delete from houses; select (1',
    'select 1; delete from houses',
    writes,
    `select set_config('transaction_read_only', 'off', true), id from houses`,
  ])
    await assert.rejects(read(ask(text)), error => error instanceof pg.DatabaseError, text)
  await assert.rejects(
    read({ ...ask('select pg_sleep(3)'), timeoutMs: 100 }),
    error => isProblem(error) && error.code === 'deadline-exceeded',
  )
  await assert.rejects(
    read(ask('select id from houses where id = $1', ['many'])),
    error => isProblem(error) && /refuses a value: .*"many"/.test(error.message),
  )
  assert.equal((await read(ask('select count(*)::integer as n from houses'))).rows[0], '{"n":5}')
})
