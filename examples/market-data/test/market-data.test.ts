import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createClient } from '@roundhouse/sdk'
import pg from 'pg'
import { turnSchedules } from '../../../server/src/testing/database-clock.ts'
import { defer } from '../../../server/src/testing/defer.ts'
import { testDatabase } from '../../../server/src/testing/test-database.ts'
import { until } from '../../../server/src/testing/until.ts'
import { type Server, startServer } from '../../../server/test/server.ts'
import { startProvider } from '../provider.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
const symbols = ['ACME', 'GLOBEX', 'INITECH']
const scope = { after }
let today = '2026-03-02'
const provider = await startProvider(() => today)
defer(scope, provider.close)
const { adminUrl } = await testDatabase(scope)
const env = { DATABASE_URL: adminUrl, PROVIDER_URL: provider.url, SAMPLE_MODEL: 'false' }
let server: Server = await startServer(scope, { env, cwd: folder })
const client = () => createClient({ baseUrl: server.url, token: server.key })

async function query<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
  const connection = new pg.Client({ connectionString: adminUrl })
  await connection.connect()
  try {
    return (await connection.query<Row>(text)).rows
  } finally {
    await connection.end()
  }
}

function stored(): Promise<Record<string, unknown>[]> {
  return query(
    `select symbol, date::text, close::text, volume::int, revision from app.prices order by symbol, date`,
  )
}

/** What lies in the table when everything up to this day is right; the day itself is not corrected yet. */
function expected(from: string, to: string): Record<string, unknown>[] {
  return symbols.flatMap(symbol => {
    const days: Record<string, unknown>[] = []
    for (let time = Date.parse(from); time <= Date.parse(to); time += 24 * 3600 * 1000) {
      const price = provider.truth(symbol, new Date(time).toISOString().slice(0, 10))
      if (!price) continue
      const { date, close, volume } = price
      const isOpen = date === today
      days.push(
        isOpen
          ? { symbol, date, close: (Number(close) + 0.5).toFixed(2), volume: volume / 2, revision: 1 }
          : { symbol, date, close, volume, revision: 2 },
      )
    }
    return days
  })
}

/** It is half past ten in the evening in New York, of this day. */
async function evening(day: string): Promise<void> {
  today = day
  const before = (await client().tasks.runs.list('prices')).data.length
  // Winter and summer.
  const hour = day < '2026-03-08' ? '03' : '02'
  const next = new Date(Date.parse(day) + 24 * 3600 * 1000).toISOString().slice(0, 10)
  await turnSchedules(adminUrl, new Date(`${next}T${hour}:30:05Z`))
  await until(
    async () => {
      const { data } = await client().tasks.runs.list('prices')
      return data.length > before && data.every(run => run.finished_at !== null)
    },
    `the run of ${day} has ended`,
    60_000,
  )
}

test('the seed script fills the table with the right prices, through a provider that limits, fails and cuts', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=roundhouse-source', `${folder}seed.ts`],
    {
      env: {
        ...process.env,
        ROUNDHOUSE_URL: server.url,
        ROUNDHOUSE_KEY: server.key,
        FROM: '2025-12-15',
        TO: today,
      },
    },
  )
  assert.match(stdout, /^instruments: 3 rows read, 3 written\nprices: \d+ rows read, \d+ written\n$/)
})

test('the feed runs each trading evening, and ends with the exact rows although corrections come late', async () => {
  await turnSchedules(adminUrl, new Date('2026-03-03T00:00:00Z'))
  // The schedule begins anew at the clock that was turned.
  await query(`update roundhouse.tasks set last_tick = '2026-03-03T00:00:00Z' where name = 'prices'`)
  for (const day of [
    '2026-03-02',
    '2026-03-03',
    '2026-03-04',
    '2026-03-05',
    '2026-03-06',
    '2026-03-09',
    '2026-03-10',
  ])
    await evening(day)
  // A copy that was not corrected yet may have told the last days; the evenings after make it good.
  for (let day = 11; day < 14; day++) await evening(`2026-03-${day}`)
  const rows = await stored()
  const isSettled = (row: Record<string, unknown>) => String(row.date) < '2026-03-10'
  assert.deepEqual(rows.filter(isSettled), expected('2025-12-15', today).filter(isSettled))
  assert.equal(rows.length, expected('2025-12-15', today).length)
  const runs = await query<{ cause: string; status: string }>(
    `select cause, status, tick from app.etl_run where cause = 'schedule' order by tick`,
  )
  assert.equal(runs.length, 10)
  assert.ok(runs.every(run => run.status === 'done'))
  const { limited, impatient, failed, cut, stale } = provider.counts()
  assert.equal(impatient, 0, 'who is told when to come again comes no sooner')
  for (const [what, count] of Object.entries({ limited, failed, cut, stale }))
    assert.ok(count > 0, `${what} was never met`)
})

test('a backfill that is killed goes on where it was, and ends with the exact rows', async () => {
  const range = { from: '2025-06-10', to: '2025-12-20' }
  const run = await client().tasks.run('prices', { input: range })
  await until(
    async () => {
      const [row] = await query<{ count: string }>(
        `select count(*) from roundhouse.job_steps where job_id = '${run.job_id}'`,
      )
      return Number(row?.count) >= 2
    },
    'two months are done',
    60_000,
  )
  const done = await query<{ name: string; created_at: Date }>(
    `select name, created_at from roundhouse.job_steps where job_id = '${run.job_id}' order by name limit 2`,
  )
  await server.kill()
  server = await startServer(scope, { env, cwd: folder })
  await until(
    async () =>
      (await client().tasks.runs.list('prices')).data.find(({ id }) => id === run.id)?.finished_at != null,
    'the backfill has ended',
    120_000,
  )
  const rows = (await stored()).filter(row => String(row.date) <= range.to)
  assert.deepEqual(rows, expected(range.from, range.to))
  const ended = (await client().tasks.runs.list('prices')).data.find(({ id }) => id === run.id)
  assert.equal(ended?.status, 'done')
  assert.equal(ended?.rows_read, rows.length)
  assert.deepEqual(
    await query(
      `select name, created_at from roundhouse.job_steps where job_id = '${run.job_id}' order by name limit 2`,
    ),
    done,
    'months that were done are not done again',
  )
})
