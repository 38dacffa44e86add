import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import pg from 'pg'
import { turnSchedules } from '../src/testing/database-clock.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { until } from '../src/testing/until.ts'
import { runCommand } from './command.ts'
import { startServer } from './server.ts'

const hourMs = 3_600_000
const minutely = `
export default {
  migrations: 'sql',
  tasks: [{
    name: 'minutely',
    schedule: '* * * * *',
    async run({ sql, tick, rows }) {
      await sql\`insert into effects (tick, pid, clock) values (\${tick}, \${process.pid}, \${new Date()})\`
      rows.written(1)
    },
  }],
}`

type Scope = Parameters<typeof temporaryFolder>[0]

async function project(scope: Scope, files: Record<string, string>): Promise<string> {
  const folder = join(await temporaryFolder(scope), 'app')
  await mkdir(join(folder, 'sql'), { recursive: true })
  for (const [name, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files }))
    await writeFile(join(folder, name), text)
  return folder
}

/** The clock of a process is so much ahead, in all that JavaScript sees. */
function clockAhead(ms: number): Record<string, string> {
  const patch = `const now = Date.now; const Real = Date;
    globalThis.Date = class extends Real { constructor(...given) { given.length ? super(...given) : super(now() + ${ms}) } };
    Date.now = () => now() + ${ms};`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(patch)}` }
}

function asker(url: string) {
  return async <Row extends pg.QueryResultRow>(text: string): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query<Row>(text)).rows
    } finally {
      await client.end()
    }
  }
}

test('three processes, the clock of one an hour ahead and of one an hour behind: one run for each tick, also across a restart', async t => {
  const { adminUrl } = await testDatabase(t)
  const query = asker(adminUrl)
  const cwd = await project(t, {
    'roundhouse.config.js': minutely,
    'sql/0001_effects.sql':
      'create table effects (tick timestamptz not null, pid int not null, clock timestamptz not null);',
  })
  const start = (aheadMs: number) =>
    startServer(t, {
      cwd,
      env: {
        DATABASE_URL: adminUrl,
        SAMPLE_MODEL: 'false',
        ROLES: 'worker',
        // The service-role key is none of a worker's.
        SERVICE_ROLE_KEY: 'test-service-role-key-of-more-than-32-characters',
        ...clockAhead(aheadMs),
      },
    })
  const servers = await Promise.all([start(0), start(hourMs), start(-hourMs)])
  const [{ now: began } = { now: new Date() }] = await query<{ now: Date }>(
    `select date_trunc('minute', roundhouse.schedule_now()) as now`,
  )
  const turnTo = (minute: number) =>
    turnSchedules(adminUrl, new Date(began.getTime() + minute * 60_000 + 500))
  const ticks = async () =>
    (await query<{ tick: Date }>('select tick from app.effects order by tick')).map(({ tick }) =>
      Math.round((tick.getTime() - began.getTime()) / 60_000),
    )
  const has = (minute: number) =>
    until(async () => (await ticks()).includes(minute), `tick ${minute} was run`, 20_000)

  for (let minute = 2; minute < 10; minute++) {
    await turnTo(minute)
    await has(minute)
  }
  for (const server of servers) await server.stop()
  await turnTo(10)
  const later = await Promise.all([start(hourMs), start(-hourMs)])
  await has(10)
  // Far enough that a second run of an earlier tick would be there too.
  await turnTo(11)
  await has(11)
  for (const server of later) await server.stop()

  assert.deepEqual(await ticks(), [2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  const [counts] = await query(
    `select count(*)::int as runs, sum(rows_written)::int as written, count(*) filter (where status = 'done')::int as done
     from roundhouse.task_runs where task = 'minutely'`,
  )
  assert.deepEqual(counts, { runs: 10, written: 10, done: 10 })
  // The clocks were what the title says.
  const offsets = [...servers, ...later].map(server => {
    const line = server.log('server-start')[0]
    return Math.round((Date.parse(String(line?.ts)) - Date.now()) / hourMs) + 0
  })
  assert.deepEqual(offsets, [0, 1, -1, 1, -1])
})

test('`migrate` applies the migrations of the folder to the schema app; one that was edited is refused', async t => {
  const { adminUrl } = await testDatabase(t)
  const query = asker(adminUrl)
  const cwd = await project(t, {
    'roundhouse.config.js': "export default { migrations: 'sql' }",
    'sql/0001_first.sql': 'create table first (id serial primary key);',
  })
  const migrate = () =>
    runCommand(['migrate'], { cwd, env: { DATABASE_URL: adminUrl, DATA_DIR: join(cwd, 'data') } })
  const first = await migrate()
  assert.equal(first.code, 0, first.stderr)
  assert.match(first.stdout, /Applied app\/0001_first\.sql\./)
  assert.match((await migrate()).stdout, /up to date/)
  assert.deepEqual(await query('select name from app.applied_migrations'), [{ name: '0001_first.sql' }])

  await writeFile(join(cwd, 'sql/0001_first.sql'), 'create table first (id bigserial primary key);')
  const edited = await migrate()
  assert.equal(edited.code, 1)
  assert.match(edited.stderr, /0001_first\.sql was edited after it was applied/)
})

test('a configuration with wrong tasks is refused with all that is wrong at once', async t => {
  const cwd = await project(t, {
    'roundhouse.config.js': `export default {
      migrations: 'nowhere',
      tasks: [
        { name: 'a', schedule: '61 * * * *', async run() {} },
        { name: 'a', schedule: '0 6 * * *', timezone: 'Europe/Bonn', async run() {} },
        { name: 'credits-renew', retry: { attempts: 0 }, async run() {} },
        { name: 'Bad Name', missed: 'twice' },
      ],
    }`,
  })
  const { code, stderr } = await runCommand(['start'], { cwd, env: { DATA_DIR: join(cwd, 'data') } })
  assert.equal(code, 1)
  const told = [...stderr.matchAll(/roundhouse\.config\.js: ([^:]+): /g)].map(match => match[1])
  assert.deepEqual(told.sort(), [
    'migrations',
    'tasks[0].schedule',
    'tasks[1].name',
    'tasks[1].timezone',
    'tasks[2].name',
    'tasks[2].retry.attempts',
    'tasks[3].missed',
    'tasks[3].name',
    'tasks[3].run',
  ])
})
