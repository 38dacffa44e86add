import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import pg from 'pg'
import { type Log, silentLog } from '../../kit/log.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { testDatabase } from '../../testing/test-database.ts'
import { readConnection } from './connection.ts'
import { openDatabase } from './database.ts'
import { migrate, pendingMigrations } from './migrate.ts'

const noMigrations = await temporaryFolder({ after })

/** An empty database, a folder with these migrations, and a way to ask. */
async function setUp(t: TestContext, files: Record<string, string>) {
  const folder = await temporaryFolder(t)
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  for (const [name, text] of Object.entries(files)) await write(name, text)
  const { adminUrl, appUrl } = await testDatabase(t, noMigrations)
  async function query(text: string): Promise<unknown[]> {
    const client = new pg.Client(readConnection({ url: adminUrl, applicationName: 'rh-test' }, silentLog))
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }
  // The template it is cloned from was migrated with an empty folder.
  await query('drop schema roundhouse cascade')
  return {
    folder,
    write,
    adminUrl,
    appUrl,
    query,
    run: (log: Log = silentLog) => migrate({ url: adminUrl, folder, log }),
  }
}

test('five processes that migrate at once apply each file once', async t => {
  const { run, query } = await setUp(t, {
    '0001_first.sql': 'create table first (id int); select pg_sleep(0.1);',
    '0002_second.sql': 'create table second (id int); grant select on second to roundhouse_app;',
  })
  const results = await Promise.all([run(), run(), run(), run(), run()])
  assert.deepEqual(results.flatMap(({ applied }) => applied).sort(), ['0001_first.sql', '0002_second.sql'])
  assert.deepEqual(await query('select name from roundhouse_migrations order by name'), [
    { name: '0001_first.sql' },
    { name: '0002_second.sql' },
  ])
})

test('a migration that fails takes all of this run back, and names file and line', async t => {
  const { run, query, write } = await setUp(t, { '0001_good.sql': 'create table good (id int);' })
  await write('0002_bad.sql', 'create table half (id int);\n\ninsert into half values (nonsense);\n')
  await assert.rejects(
    run(),
    /^Error: The migration 0002_bad\.sql:3:26 failed, and nothing was changed: .*nonsense/,
  )
  assert.deepEqual(
    await query("select tablename from pg_tables where schemaname in ('roundhouse', 'public')"),
    [],
  )
  await write('0002_bad.sql', 'create table half (id int);')
  assert.deepEqual((await run()).applied, ['0001_good.sql', '0002_bad.sql'])
})

test('a migration cannot end the transaction that makes the run all or nothing', async t => {
  const { run } = await setUp(t, { '0001_commit.sql': 'create table good (id int); commit;' })
  await assert.rejects(run(), /0001_commit\.sql ends the transaction/)
})

test('an applied migration that was edited is refused; other line ends are no edit', async t => {
  const { run, write } = await setUp(t, { '0001_first.sql': 'create table first (\n  id int);\n' })
  await run()
  await write('0001_first.sql', 'create table first (\r\n  id int);\r\n')
  assert.deepEqual(await run(), { applied: [] })
  await write('0001_first.sql', 'create table first (\n  id bigint);\n')
  await assert.rejects(run(), /^Error: The migration 0001_first\.sql was edited after it was applied\./)
})

test('an older version runs on a database that a newer one has migrated, and says so', async t => {
  const { run, query } = await setUp(t, { '0001_first.sql': 'create table first (id int);' })
  await run()
  await query("insert into roundhouse_migrations values ('0002_newer.sql', 'x')")
  const lines: unknown[] = []
  assert.deepEqual(
    await run({ ...silentLog, warn: (event, fields) => lines.push([event, fields?.migrations]) }),
    { applied: [] },
  )
  assert.deepEqual(lines, [['database-newer', ['0002_newer.sql']]])
})

test('the app role can tell which migrations are missing', async t => {
  const { run, write, folder, appUrl } = await setUp(t, { '0001_first.sql': 'select 1;' })
  const { nobody: db, close } = openDatabase({
    url: appUrl,
    applicationName: 'rh-test',
    max: 1,
    systemMax: 1,
    log: silentLog,
  })
  t.after(close)
  assert.deepEqual(await pendingMigrations({ db, folder }), ['0001_first.sql'])
  await run()
  assert.deepEqual(await pendingMigrations({ db, folder }), [])
  await write('0002_second.sql', 'select 2;')
  assert.deepEqual(await pendingMigrations({ db, folder }), ['0002_second.sql'])
})

test('tables of the user with the names of ours are left alone', async t => {
  const { run, query, appUrl } = await setUp(t, {
    '0001_models.sql': 'create table models (id int); grant select on models to roundhouse_app;',
  })
  await query(`create table public.models (theirs text); insert into public.models values ('kept');
    create table public.roundhouse_migrations (theirs text)`)
  await run()
  const { nobody: db, close } = openDatabase<{ models: { id: number } }>({
    url: appUrl,
    applicationName: 'rh-test',
    max: 1,
    systemMax: 1,
    log: silentLog,
  })
  t.after(close)
  assert.deepEqual(await db.selectFrom('models').select('id').execute(), [])
  assert.deepEqual(await query('select * from public.models'), [{ theirs: 'kept' }])
  assert.deepEqual(await query("select tablename from pg_tables where schemaname = 'public' order by 1"), [
    { tablename: 'models' },
    { tablename: 'roundhouse_migrations' },
  ])
})

test('an owner who is no superuser may start connections as the app role afterwards', async t => {
  const { folder, adminUrl, query, write } = await setUp(t, {})
  await write('0001_first.sql', 'create table first (id int); grant select on first to roundhouse_app;')
  const owner = `owner_${process.pid}`
  await query(`create role ${owner} login password 'x' createrole`)
  const { database } = new pg.Client({ connectionString: adminUrl })
  await query(`grant connect on database ${database} to ${owner}`)
  const url = adminUrl.replace(/\/\/[^@]*@/, `//${owner}:x@`)

  try {
    // Since PostgreSQL 16 CREATEROLE gives no power over roles that others made.
    const refused = new RegExp(`grant roundhouse_app to "${owner}";$`)
    await assert.rejects(migrate({ url, folder, log: silentLog }), refused)
    await query(`grant roundhouse_app to ${owner}`)
    const noSchema = new RegExp(`create schema roundhouse authorization "${owner}";$`)
    await assert.rejects(migrate({ url, folder, log: silentLog }), noSchema)
    await query(`create schema roundhouse authorization ${owner}`)
    await migrate({ url, folder, log: silentLog })
    const options = {
      url,
      role: 'roundhouse_app',
      applicationName: 'rh-test',
      max: 1,
      systemMax: 1,
      log: silentLog,
    }
    const { nobody: db, close } = openDatabase<{ first: { id: number } }>(options)
    try {
      assert.deepEqual(await db.selectFrom('first').selectAll().execute(), [])
    } finally {
      await close()
    }
  } finally {
    await query(`drop owned by ${owner}; drop role ${owner}`)
  }
})

test('a file that is not named like a migration, or a number taken twice, is refused', async t => {
  const { run } = await setUp(t, { '1_short.sql': 'select 1;' })
  await assert.rejects(run(), /1_short\.sql is not named like a migration/)
  const second = await setUp(t, { '0001_a.sql': 'select 1;', '0001_b.sql': 'select 1;' })
  await assert.rejects(second.run(), /two migrations with the number 0001/)
})
