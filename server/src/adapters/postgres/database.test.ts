import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { type Log, silentLog } from '../../kit/log.ts'
import { type ContractTables, databaseContract } from '../../ports/database.contract.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { testDatabase } from '../../testing/test-database.ts'
import { readConnection } from './connection.ts'
import { openDatabase } from './database.ts'

const migrations = await temporaryFolder({ after })
await writeFile(
  join(migrations, '0001_notes.sql'),
  `create table contract_notes (id integer primary key, text text not null);
   grant select, insert, update, delete on contract_notes to roundhouse_app;`,
)
const { adminUrl, appUrl } = await testDatabase({ after }, migrations)

function open(
  options: { url?: string; role?: string; max?: number; applicationName?: string; log?: Log } = {},
) {
  return openDatabase<ContractTables>({
    url: appUrl,
    applicationName: 'rh-test',
    max: 2,
    systemMax: 1,
    log: silentLog,
    ...options,
  })
}

async function asAdmin(statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client(readConnection({ url: adminUrl, applicationName: 'rh-admin' }, silentLog))
  await client.connect()
  try {
    return await client.query(statement)
  } finally {
    await client.end()
  }
}

const terminate = (applicationName: string) =>
  asAdmin(
    `select pg_terminate_backend(pid, 1000) from pg_stat_activity where application_name = '${applicationName}'`,
  )

beforeEach(async () => {
  await asAdmin('truncate contract_notes')
})

databaseContract('postgres', async () => open())

test('the app role reads and writes but creates, changes and drops nothing', async t => {
  for (const database of [open(), open({ url: adminUrl, role: 'roundhouse_app' })]) {
    t.after(() => database.close())
    const { nobody: db } = database
    assert.deepEqual((await sql`select current_user as name`.execute(db)).rows, [{ name: 'roundhouse_app' }])
    await db.selectFrom('contract_notes').selectAll().execute()
    for (const statement of [
      'create table other (id int)',
      'create table public.other (id int)',
      'create temporary table other (id int)',
      'create schema other',
      'create role other',
      'alter table contract_notes add column more text',
      'drop table contract_notes',
      'truncate contract_notes',
      'delete from roundhouse_migrations',
    ]) {
      await assert.rejects(sql.raw(statement).execute(db), { code: '42501' }, statement)
    }
  }
})

test('a pool with no connection to give refuses after 0.8 s instead of waiting', async t => {
  const { nobody: db, close, connections } = open({ max: 1 })
  t.after(close)
  const release = Promise.withResolvers<void>()
  const taken = Promise.withResolvers<void>()
  const holder = db.connection().execute(async () => {
    taken.resolve()
    await release.promise
  })
  await taken.promise
  const startedAt = performance.now()
  const refused = assert.rejects(sql`select 1`.execute(db), {
    code: 'database-unavailable',
    message: /too busy/,
  })
  assert.equal(connections().waiting, 1)
  await refused
  assert.ok(performance.now() - startedAt < 1500)
  release.resolve()
  await holder
  await sql`select 1`.execute(db)
})

test('idle connections that the server ends do not end the process, and the next query works', async t => {
  const { nobody: db, close } = open({ applicationName: 'rh-idle' })
  t.after(close)
  await Promise.all([sql`select pg_sleep(0.01)`.execute(db), sql`select pg_sleep(0.01)`.execute(db)])
  assert.equal((await terminate('rh-idle')).rowCount, 2)
  assert.equal((await sql`select 1`.execute(db)).rows.length, 1)
})

test('a SELECT whose connection is ended is answered all the same, a write is not run twice', async t => {
  const { nobody: db, close } = open({ applicationName: 'rh-retry' })
  t.after(close)
  async function whileRunning(text: string, work: Promise<unknown>): Promise<void> {
    work.catch(() => {})
    const running = `select from pg_stat_activity where state = 'active' and query like '${text}%'`
    const deadline = performance.now() + 5000
    while (!(await asAdmin(running)).rowCount) assert.ok(performance.now() < deadline, 'it never ran')
    assert.equal((await terminate('rh-retry')).rowCount, 1)
  }
  const reading = sql`select pg_sleep(0.3), 'read' as answer`.execute(db)
  await whileRunning('select pg_sleep(0.3)', reading)
  assert.equal((await reading).rows.length, 1)

  const writing = sql`insert into contract_notes select 1, 'x' from pg_sleep(0.3)`.execute(db)
  await whileRunning('insert into contract_notes', writing)
  await assert.rejects(writing, { code: 'database-unavailable' })
  assert.deepEqual(await db.selectFrom('contract_notes').selectAll().execute(), [])
})

test('a transaction whose connection is ended between two queries fails as a whole', async t => {
  const { nobody: db, close } = open({ applicationName: 'rh-transaction' })
  t.after(close)
  const work = db.transaction().execute(async transaction => {
    await transaction.insertInto('contract_notes').values({ id: 1, text: 'lost' }).execute()
    await terminate('rh-transaction')
    await transaction.selectFrom('contract_notes').selectAll().execute()
  })
  await assert.rejects(work, { code: 'database-unavailable' })
  assert.deepEqual(await db.selectFrom('contract_notes').selectAll().execute(), [])
})

test('waiting for a lock ends after a second, and `nowait` keeps the answer of the database', async t => {
  const { nobody: db, close } = open()
  t.after(close)
  await db.insertInto('contract_notes').values({ id: 1, text: 'held' }).execute()
  await db.transaction().execute(async transaction => {
    await sql`select from contract_notes for update`.execute(transaction)
    await assert.rejects(sql`select from contract_notes for update`.execute(db), {
      code: 'database-unavailable',
    })
    await assert.rejects(sql`select from contract_notes for update nowait`.execute(db), { code: '55P03' })
  })
})

test('the password is in no message and no log line, whatever is wrong', async t => {
  const lines: string[] = []
  const write = (event: string, fields?: unknown) => lines.push(`${event} ${JSON.stringify(fields)}`)
  const log: Log = { debug: write, info: write, warn: write, error: write }
  const wrong = appUrl.replace(/:[^:@/]+@/, ':hunter2@')
  for (const url of [
    wrong,
    'postgresql://a:hunter2@127.0.0.1:1/x',
    'postgresql://a:hunter2@nowhere.invalid/x',
  ]) {
    const { nobody: db, close } = open({ url, log })
    t.after(close)
    await assert.rejects(sql`select 1`.execute(db), (error: Error) => {
      lines.push(String(error.stack), JSON.stringify(error))
      return 'code' in error && error.code === 'database-unavailable'
    })
  }
  for (const url of ['hunter2', 'postgresql://a:hunter2@[bad', 'postgresql://a:hunter2@x/y?sslmode=maybe']) {
    assert.throws(
      () => open({ url, log }),
      (error: Error) => lines.push(String(error.stack)) > 0,
    )
  }
  assert.ok(lines.some(line => line.startsWith('database-unavailable')))
  assert.deepEqual(
    lines.filter(line => line.includes('hunter2')),
    [],
  )
})
