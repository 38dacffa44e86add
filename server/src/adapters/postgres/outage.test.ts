import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { type Log, silentLog } from '../../kit/log.ts'
import type { Database } from '../../ports/database.ts'
import { defer } from '../../testing/defer.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { openPostgresBus } from './bus.ts'
import { openDatabase } from './database.ts'
import { startEmbeddedPostgres } from './embedded.ts'

// A server of its own: here it is frozen and killed.
const onLinux = { skip: process.platform === 'linux' ? false : 'reads /proc' }
const file = { after }
const dataDir = await temporaryFolder(file)
const postgres = await startEmbeddedPostgres({ dataDir, log: silentLog })
defer(file, () => postgres.stop())

function open(log: Log = silentLog): Database<unknown> {
  return openDatabase({ url: postgres.appUrl, applicationName: 'rh-outage', max: 3, systemMax: 1, log })
}

const ask = ({ nobody: db }: Database<unknown>) => sql<{ one: number }>`select 1 as one`.execute(db)

/** Calls back how long it took. */
async function timed(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work
  return performance.now() - startedAt
}

async function until(condition: () => Promise<boolean>, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `it did not happen within ${limitMs} ms`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** The server and all its children. */
async function serverProcesses(): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const children: number[] = []
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    const parent = Number(text.slice(text.lastIndexOf(')') + 1).split(' ')[2])
    if (parent === postgres.pid) children.push(pid)
  }
  return [postgres.pid, ...children]
}

function signal(pids: number[], name: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch {
      // A backend that has ended.
    }
  }
}

test(
  'a frozen database answers database-unavailable within 3 s, then at once, and works 2 s after it thaws',
  onLinux,
  async t => {
    const events: string[] = []
    const note = (event: string) => events.push(event)
    const database = open({ ...silentLog, info: note, error: note })
    t.after(database.close)
    await Promise.all([ask(database), ask(database)])
    assert.deepEqual(await database.check(), { ok: true })
    const frozen = await serverProcesses()
    try {
      signal(frozen, 'SIGSTOP')
      // More than the pool has: some wait for an answer, some for a new connection, some for a place.
      const asked = Array.from({ length: 6 }, () =>
        timed(assert.rejects(ask(database), { code: 'database-unavailable', retryAfterSeconds: 1 })),
      )
      const health = timed(database.check().then(answer => assert.equal(answer.ok, false)))
      for (const tookMs of await Promise.all(asked)) assert.ok(tookMs < 3000, `${tookMs} ms`)
      assert.ok((await health) < 1200)
      const refusedMs = await timed(assert.rejects(ask(database), { code: 'database-unavailable' }))
      assert.ok(refusedMs < 50, `${refusedMs} ms`)
    } finally {
      signal(frozen, 'SIGCONT')
    }
    await until(
      () =>
        ask(database).then(
          () => true,
          () => false,
        ),
      2000,
    )
    // None of the connections that timed out is used again: each would fail or give another query's rows.
    for (let round = 0; round < 10; round += 1) {
      const results = await Promise.all([ask(database), ask(database), ask(database)])
      for (const { rows } of results) assert.deepEqual(rows, [{ one: 1 }])
    }
    assert.deepEqual(events, ['database-unavailable', 'database-back'])
  },
)

test('a query that timed out never leaves its connection, or its rows, to the next one', onLinux, async t => {
  const database = openDatabase<unknown>({
    url: postgres.appUrl,
    applicationName: 'rh-one',
    max: 1,
    systemMax: 1,
    log: silentLog,
  })
  t.after(database.close)
  const backend = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database.nobody)
  const pid = backend.rows[0]?.pid ?? 0
  try {
    signal([pid], 'SIGSTOP')
    await assert.rejects(sql`select 'late' as one`.execute(database.nobody), { code: 'database-unavailable' })
    await until(
      () =>
        ask(database).then(
          ({ rows }) => rows[0]?.one === 1,
          () => false,
        ),
      2000,
    )
    const next = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database.nobody)
    assert.notEqual(next.rows[0]?.pid, pid)
  } finally {
    signal([pid], 'SIGCONT')
  }
})

test('killed, the server comes back, and database and bus work again by themselves', async t => {
  const database = open()
  const bus = await openPostgresBus({ url: postgres.appUrl, applicationName: 'rh-bus', log: silentLog })
  t.after(() => Promise.all([database.close(), bus.close()]))
  await Promise.all([ask(database), ask(database), ask(database)])
  const gap = Promise.withResolvers<void>()
  const heard = Promise.withResolvers<string>()
  bus.onGap(gap.resolve)
  bus.subscribe('models', heard.resolve)
  const { pid } = postgres
  process.kill(pid, 'SIGKILL')
  await until(
    () =>
      ask(database).then(
        () => postgres.pid !== pid,
        () => false,
      ),
    10_000,
  )
  await gap.promise
  await bus.publish('models', 'again')
  assert.equal(await heard.promise, 'again')
  assert.deepEqual(await database.check(), { ok: true })
})

test('while the server is down every call fails at once and the process lives on', async t => {
  const database = open()
  t.after(database.close)
  await ask(database)
  await postgres.stop()
  await until(
    () =>
      ask(database).then(
        () => false,
        () => true,
      ),
    1000,
  )
  const tookMs = await timed(assert.rejects(ask(database), { code: 'database-unavailable' }))
  assert.ok(tookMs < 50, `${tookMs} ms`)
  assert.equal((await database.check()).ok, false)

  const again = await startEmbeddedPostgres({ dataDir, log: silentLog })
  defer(file, () => again.stop())
  await until(
    () =>
      ask(database).then(
        () => true,
        () => false,
      ),
    2000,
  )
})
