import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { lstat, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import { silentLog } from '../../kit/log.ts'
import { defer } from '../../testing/defer.ts'
import { kill, query, start, startElsewhere, until } from '../../testing/embedded-postgres.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { isAlive } from './embedded/processes.ts'
import { startEmbeddedPostgres } from './embedded.ts'

/** For tests that need no first start, which takes a second. */
const shared = await temporaryFolder({ after })
const module = new URL('./embedded.ts', import.meta.url).href

test('the first start creates the database and says so, later ones find the same data, a stop leaves no process', async t => {
  const dataDir = join(await temporaryFolder(t), 'new', 'data')
  const events: string[] = []
  const first = await start(t, { dataDir, log: { ...silentLog, info: event => events.push(event) } })
  assert.deepEqual([first.firstStart, first.adopted, first.owner], [true, false, true])
  assert.ok(events.includes('postgres-init'))
  await query(first.adminUrl, 'create table notes (id int)')
  const { pid } = first
  await first.stop()
  assert.equal(await isAlive(pid), false)
  await assert.rejects(lstat(join(dataDir, 'postgres', 'postmaster.pid')), { code: 'ENOENT' })
  assert.deepEqual((await readdir(dataDir)).sort(), ['postgres', 'postgres.log', 'run'])

  const second = await start(t, { dataDir })
  assert.deepEqual([second.firstStart, second.adopted], [false, false])
  assert.deepEqual(await query(second.adminUrl, 'select * from notes'), [])
})

test('the server is safe by default: durable, no open port, passwords, private folders', async t => {
  const dataDir = await temporaryFolder(t)
  const { adminUrl, appUrl } = await start(t, { dataDir })
  const rows = await query(
    adminUrl,
    `select name, setting from pg_settings where name in
     ('fsync', 'full_page_writes', 'data_checksums', 'synchronous_commit', 'listen_addresses', 'jit', 'max_connections', 'password_encryption')`,
  )
  assert.deepEqual(Object.fromEntries(rows.map(row => [row.name, row.setting])), {
    data_checksums: 'on',
    fsync: 'on',
    full_page_writes: 'on',
    jit: 'off',
    listen_addresses: '',
    max_connections: '60',
    password_encryption: 'scram-sha-256',
    synchronous_commit: 'on',
  })
  await assert.rejects(query(adminUrl.replace(/:[0-9a-f]+@/, ':wrong@'), 'select 1'), { code: '28P01' })
  for (const path of ['postgres', 'run'])
    assert.equal((await stat(join(dataDir, path))).mode & 0o777, 0o700, path)
  const passwords = join(dataDir, 'postgres', 'roundhouse-passwords.json')
  assert.equal((await stat(passwords)).mode & 0o777, 0o600)

  await query(adminUrl, 'create table notes (id int)')
  await assert.rejects(query(appUrl, 'select * from notes'), { code: '42501' })
  await assert.rejects(query(appUrl, 'create table mine (id int)'), { code: '42501' })
  await query(adminUrl, 'grant select on notes to roundhouse_app')
  assert.deepEqual(await query(appUrl, 'select * from notes'), [])
})

test('a server whose process was killed is taken over, with its sessions still open', async t => {
  const dataDir = shared
  const { child, postgresPid } = await startElsewhere(t, dataDir)
  await kill(child)
  assert.equal(await isAlive(postgresPid), true)
  const postgres = await start(t, { dataDir })
  assert.deepEqual([postgres.adopted, postgres.owner, postgres.pid], [true, true, postgresPid])
  await query(postgres.appUrl, 'select 1')
  await postgres.stop()
  assert.equal(await isAlive(postgresPid), false)
})

test('a server taken over with other settings is started anew with ours', async t => {
  const dataDir = shared
  const { child, postgresPid } = await startElsewhere(t, dataDir)
  await kill(child)
  const postgres = await start(t, { dataDir, settings: { work_mem: '3MB' } })
  assert.notEqual(postgres.pid, postgresPid)
  assert.deepEqual(await query(postgres.adminUrl, 'show work_mem'), [{ work_mem: '3MB' }])
})

test('a second owner is refused with one sentence, a guest is let in and stops nothing', async t => {
  const dataDir = shared
  const { child, postgresPid } = await startElsewhere(t, dataDir)
  await assert.rejects(startEmbeddedPostgres({ dataDir, log: silentLog }), {
    name: 'Error',
    message: `Roundhouse is already running on ${dataDir} (pid ${child.pid}). Stop it, or set DATA_DIR to another folder.`,
  })
  const guest = await start(t, { dataDir, join: true })
  assert.deepEqual([guest.owner, guest.adopted, guest.pid], [false, true, postgresPid])
  await query(guest.adminUrl, 'select 1')
  await guest.stop()
  assert.equal(await isAlive(postgresPid), true)
  await kill(child)
  const owner = await start(t, { dataDir, join: true })
  assert.equal(owner.owner, true)
})

test('killing the server three times loses no acknowledged insert, and it comes back by itself', async t => {
  const dataDir = shared
  const postgres = await start(t, { dataDir })
  await query(postgres.adminUrl, 'create table kept (id int primary key)')
  let acknowledged = 0
  for (let round = 0; round < 3; round += 1) {
    const { pid } = postgres
    const client = new pg.Client({ connectionString: postgres.adminUrl })
    client.on('error', () => {})
    await client.connect()
    const goal = acknowledged + 50
    for (;;) {
      try {
        await client.query('insert into kept values ($1)', [acknowledged + 1])
      } catch {
        break
      }
      acknowledged += 1
      if (acknowledged === goal) process.kill(pid, 'SIGKILL')
    }
    await client.end()
    await until(async () => postgres.pid !== pid)
    // One insert may have been on its way to us when the server died.
    const rows = await query(postgres.adminUrl, 'select id from kept order by id')
    assert.ok(
      rows.length === acknowledged || rows.length === acknowledged + 1,
      `${rows.length} of ${acknowledged}`,
    )
    acknowledged = rows.length
  }
  assert.ok(acknowledged >= 150)
})

test('a first start killed half way leaves nothing broken, and the next one cleans up', async t => {
  const dataDir = await temporaryFolder(t)
  const code = `
    import { startEmbeddedPostgres } from ${JSON.stringify(module)}
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, log })`
  const child = spawn(
    process.execPath,
    ['--conditions=roundhouse-source', '--input-type=module', '--eval', code],
    {
      stdio: 'ignore',
    },
  )
  defer(t, () => kill(child))
  await until(async () => (await readdir(dataDir)).some(name => name.startsWith('postgres.init-')))
  await kill(child)
  assert.ok(!(await readdir(dataDir)).includes('postgres'))
  const postgres = await start(t, { dataDir })
  assert.equal(postgres.firstStart, true)
  await query(postgres.appUrl, 'select 1')
  await postgres.stop()
  await start(t, { dataDir })
  assert.deepEqual((await readdir(dataDir)).sort(), ['postgres', 'postgres.log', 'run'])
})

test('of two first starts at once one owns the folder and the other is refused', async t => {
  const dataDir = await temporaryFolder(t)
  const outcomes = await Promise.allSettled([start(t, { dataDir }), start(t, { dataDir })])
  const winners = outcomes.filter(outcome => outcome.status === 'fulfilled')
  const losers = outcomes.filter(outcome => outcome.status === 'rejected')
  assert.deepEqual([winners.length, losers.length], [1, 1])
  assert.match(String(losers[0]?.reason), /^Error: Roundhouse is already running on /)
  assert.deepEqual((await readdir(dataDir)).sort(), ['postgres', 'postgres.log', 'run'])
})

test('a stale postmaster.pid that names another live program does not keep the server from starting', async t => {
  const dataDir = shared
  const postgres = await start(t, { dataDir })
  const folder = join(dataDir, 'postgres')
  const { uid, gid } = await stat(folder)
  const pidFile = join(folder, 'postmaster.pid')
  const text = await readFile(pidFile, 'utf8')
  await postgres.stop()
  const stranger = spawn('/bin/sleep', ['60'], { uid, gid })
  defer(t, () => stranger.kill())
  await writeFile(pidFile, text.replace(/^\d+/, String(stranger.pid)))
  const again = await start(t, { dataDir })
  assert.notEqual(again.pid, stranger.pid)
  assert.equal(stranger.exitCode, null)
})

test('a long dataDir gets its socket in the temporary folder', async t => {
  const dataDir = join(await temporaryFolder(t), 'a'.repeat(60), 'b'.repeat(60))
  const { adminUrl } = await start(t, { dataDir })
  const host = new URL(adminUrl.replace('@/', '@x/')).searchParams.get('host') ?? ''
  defer(t, () => rm(host, { recursive: true, force: true }))
  assert.match(host, /roundhouse-[0-9a-f]{16}$/)
  assert.equal((await stat(host)).mode & 0o777, 0o700)
  await query(adminUrl, 'select 1')
})

test('a folder of another PostgreSQL version is refused with the way out', async t => {
  const dataDir = await temporaryFolder(t)
  await mkdir(join(dataDir, 'postgres'))
  await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '17\n')
  await assert.rejects(
    startEmbeddedPostgres({ dataDir, log: silentLog }),
    /was made by PostgreSQL 17, and .* carries PostgreSQL 18/,
  )
})
