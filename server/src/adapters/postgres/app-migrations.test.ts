import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isProblem } from '@roundhouse/sdk/contract'
import pg from 'pg'
import { silentLog } from '../../kit/log.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { testDatabase } from '../../testing/test-database.ts'
import { openAppSql } from './app-sql.ts'
import { migrate } from './migrate.ts'

const ours = fileURLToPath(new URL('../../../migrations', import.meta.url))

/** A database with our migrations and a folder with these of the user. */
async function setUp(t: TestContext, files: Record<string, string>) {
  const appFolder = await temporaryFolder(t)
  const write = (name: string, text: string) => writeFile(join(appFolder, name), text)
  for (const [name, text] of Object.entries(files)) await write(name, text)
  const { adminUrl, appUrl } = await testDatabase(t)
  const { sql, close } = openAppSql({ url: appUrl, applicationName: 'rh-test', max: 2, log: silentLog })
  t.after(close)
  return {
    write,
    sql,
    adminUrl,
    run: () => migrate({ url: adminUrl, folder: ours, appFolder, log: silentLog }),
  }
}

const tables = {
  '0001_stock.sql': `create table stock (id serial primary key, name text);
    create view named as select id from stock where name is not null;`,
}

test('the files of the user make their tables in a schema of their own, for tasks to read and write', async t => {
  const { run, sql, write } = await setUp(t, tables)
  assert.deepEqual((await run()).applied, ['app/0001_stock.sql'])
  assert.deepEqual(await sql`insert into stock (name) values (${'bolt'}) returning id, name`, [
    { id: 1, name: 'bolt' },
  ])
  assert.deepEqual(await sql`select * from named`, [{ id: 1 }])
  assert.deepEqual(
    await sql`select table_schema as schema from information_schema.tables where table_name = 'stock'`,
    [{ schema: 'app' }],
  )
  await write('0002_price.sql', 'alter table stock add column price int; create table price (id int);')
  assert.deepEqual((await run()).applied, ['app/0002_price.sql'])
  await sql`insert into price values (1)`
  assert.deepEqual((await run()).applied, [])
})

test('tasks cannot write through a view, make tables or touch the record of what was applied', async t => {
  const { run, sql } = await setUp(t, tables)
  await run()
  for (const refused of [
    () => sql`update named set id = 2`,
    () => sql`create table more (id int)`,
    () => sql`delete from applied_migrations`,
    () => sql`drop table stock`,
  ])
    await assert.rejects(refused, /permission denied|must be owner/)
})

test('a right that a later file takes away stays away', async t => {
  const { run, sql, write } = await setUp(t, tables)
  await run()
  await write('0002_fixed.sql', 'revoke insert on stock from roundhouse_app;')
  await run()
  await write('0003_more.sql', 'create table more (id int);')
  await run()
  await assert.rejects(sql`insert into stock (name) values ('nut')`, /permission denied/)
})

test('an applied file that was edited is refused, and one that fails takes ours back with it', async t => {
  const { run, sql, write } = await setUp(t, tables)
  await run()
  await write('0001_stock.sql', 'create table stock (id bigserial);')
  await assert.rejects(run(), /0001_stock\.sql was edited after it was applied/)
  await write('0001_stock.sql', tables['0001_stock.sql'])
  await write('0002_half.sql', 'create table half (id int);')
  await write('0003_bad.sql', 'create table worse (id int);\ninsert into nonsense values (1);')
  await assert.rejects(run(), /0003_bad\.sql:2:13 failed, and nothing was changed/)
  await assert.rejects(sql`select * from half`, /does not exist/)
})

test('what hangs ends: a statement after 4.5 s, as a database that is not available', async t => {
  const { sql } = await setUp(t, {})
  const begun = performance.now()
  await assert.rejects(
    sql`select pg_sleep(20)`,
    error => isProblem(error) && error.code === 'database-unavailable',
  )
  assert.ok(performance.now() - begun < 10_000)
  assert.deepEqual(await sql`select 1 as one`, [{ one: 1 }])
})

test('a schema app that was there before is used, and its tables keep their rights', async t => {
  const { run, sql, adminUrl } = await setUp(t, tables)
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  await client.query('create schema app; create table app.theirs (id int)')
  await client.end()
  await run()
  await sql`insert into stock (name) values ('bolt')`
  await assert.rejects(sql`select * from theirs`, /permission denied/)
})
