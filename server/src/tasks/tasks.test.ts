import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createClient } from '@roundhouse/sdk'
import { defineTask, type TaskContext, type TaskDeclaration } from '@roundhouse/sdk/config'
import { isProblem, type TaskRun } from '@roundhouse/sdk/contract'
import { testHouse, testKey } from '../testing/house.ts'
import { mlpModel } from '../testing/onnx/models.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { until } from '../testing/until.ts'

const scope = { after }
const migrations = join(await temporaryFolder(scope), 'migrations')
await mkdir(migrations)
await writeFile(
  join(migrations, '0001_notes.sql'),
  'create table notes (id int primary key, text text not null, tags text[], about jsonb, at timestamptz);',
)

/** What each task does is set by its test. */
const works = new Map<string, TaskDeclaration['run']>()
const declare = (name: string, more: Partial<TaskDeclaration> = {}) =>
  defineTask({ name, run: context => works.get(name)?.(context) ?? assert.fail(name), ...more })

const house = await testHouse(
  scope,
  {},
  {
    declared: {
      migrations,
      buckets: [{ name: 'results' }],
      tasks: [
        declare('sql'),
        declare('files'),
        declare('predict'),
        declare('steps', { retry: { attempts: 3 } }),
        declare('fails', { retry: { attempts: 2 } }),
        declare('refused'),
        declare('slow', { timeoutSeconds: 1, retry: { attempts: 1 } }),
        declare('waits', {
          description: 'Waits until it is told to stop.',
          schedule: '0 6 * * 1',
          timezone: 'Europe/Berlin',
        }),
        declare('short'),
      ],
    },
  },
)
const client = createClient({ baseUrl: house.url, token: testKey })

async function ended(run: TaskRun, limitMs = 20_000): Promise<TaskRun> {
  let latest = run
  await until(
    async () => {
      const { data } = await client.tasks.runs.list(run.task)
      latest = data.find(({ id }) => id === run.id) ?? assert.fail('the run is gone')
      return latest.finished_at !== null
    },
    `the run of ${run.task} has ended`,
    limitMs,
  )
  return latest
}

async function run(
  name: string,
  work: TaskDeclaration['run'],
  input?: Record<string, unknown>,
): Promise<TaskRun> {
  works.set(name, work)
  return ended(await client.tasks.run(name, input === undefined ? {} : { input }))
}

test('sql binds what stands in the text, gives rows, and keeps a transaction whole', async () => {
  let seen: unknown
  const result = await run(
    'sql',
    async ({ sql, input, tick, rows }) => {
      const nasty = `'); drop table notes; --`
      await sql`insert into notes values (1, ${nasty}, ${['a', 'b']}, ${JSON.stringify({ n: 1 })}, ${new Date(0)})`
      rows.written(1)
      await assert.rejects(
        sql.transaction(async inner => {
          await inner`insert into notes values (2, 'gone')`
          await inner`insert into notes values (1, 'twice')`
        }),
        /duplicate key/,
      )
      const kept = await sql.transaction(
        inner => inner<{ id: number }>`insert into notes values (3, 'kept') returning id`,
      )
      // Ours are another schema, and row-level security hides what is in it.
      await assert.rejects(sql`select * from users`, /does not exist/)
      const [users] = await sql<{ count: string }>`select count(*) from roundhouse.users`
      seen = {
        notes: await sql`select id, text, tags, about, at from notes order by id`,
        kept,
        users,
        input,
        tick,
      }
    },
    { day: 'today' },
  )
  assert.equal(result.status, 'done', JSON.stringify(result.error))
  assert.deepEqual(seen, {
    notes: [
      { id: 1, text: `'); drop table notes; --`, tags: ['a', 'b'], about: { n: 1 }, at: new Date(0) },
      { id: 3, text: 'kept', tags: null, about: null, at: null },
    ],
    kept: [{ id: 3 }],
    users: { count: '0' },
    input: { day: 'today' },
    tick: null,
  })
  assert.deepEqual(result.input, { day: 'today' })
  assert.deepEqual([result.rows_read, result.rows_written, result.cause], [0, 1, 'manual'])
})

test('files are put, read, listed, linked and removed as those of the house', async () => {
  const seen: unknown[] = []
  const result = await run('files', async ({ files }) => {
    await files.put('results', 'a/text.csv', 'x,y\n', { contentType: 'text/csv' })
    await files.put('results', 'a/text.csv', 'x,y\n1,2\n', { contentType: 'text/csv' })
    await files.put('results', 'a/bytes', new Uint8Array([1, 2, 3]))
    await files.put(
      'results',
      'b',
      (async function* () {
        yield Buffer.from('stre')
        yield Buffer.from('am')
      })(),
    )
    const reply = await files.get('results', 'a/text.csv')
    seen.push(
      reply.headers.get('content-type'),
      await reply.text(),
      await (await files.get('results', 'b')).text(),
    )
    for await (const file of files.list('results')) seen.push([file.name, file.sizeBytes])
    for await (const file of files.list('results', 'b')) seen.push(file.name)
    const url = await files.signedUrl('results', 'a/text.csv', 60)
    seen.push(await (await fetch(`${house.url}${new URL(url).pathname}${new URL(url).search}`)).text())
    await files.remove('results', 'b')
    await assert.rejects(
      files.get('results', 'b'),
      error => isProblem(error) && error.code === 'object-not-found',
    )
  })
  assert.equal(result.status, 'done', JSON.stringify(result.error))
  assert.deepEqual(seen, [
    'text/csv',
    'x,y\n1,2\n',
    'stream',
    ['a/bytes', 3],
    ['a/text.csv', 8],
    ['b', 6],
    'b',
    'x,y\n1,2\n',
  ])
})

test('predict gives what the model of that name gives', async () => {
  const model = await house.pushed('net', mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 }))
  const inputs = { x: [[0.5, 0.25]] }
  const direct = await house.predict(model.id, inputs)
  let outputs: unknown
  const result = await run('predict', async context => {
    outputs = [await context.predict('net', inputs), await context.predict(`net@${model.version}`, inputs)]
  })
  assert.equal(result.status, 'done', JSON.stringify(result.error))
  assert.deepEqual(outputs, [direct.body.output_data, direct.body.output_data])
})

test('a finished step is not done again, and its rows count once however often the run is begun', async () => {
  const done: string[] = []
  let attempts = 0
  const result = await run('steps', async ({ step, rows, progress }) => {
    attempts += 1
    for (const month of ['2026-01', '2026-02', '2026-03']) {
      const said = await step(month, async key => {
        rows.read(10)
        if (month === '2026-02' && attempts === 1) throw new Error('the network is down')
        done.push(`${month} ${key.endsWith(`:${month}`)}`)
        rows.written(5)
        return { month }
      })
      assert.deepEqual(said, { month })
      progress(1, 3, 'months')
    }
    assert.equal(await step('nothing', async () => undefined), undefined)
    rows.read(1)
  })
  assert.equal(result.status, 'done', JSON.stringify(result.error))
  assert.equal(attempts, 2)
  assert.deepEqual(done, ['2026-01 true', '2026-02 true', '2026-03 true'])
  assert.deepEqual([result.rows_read, result.rows_written], [31, 15])
})

test('a task that throws is tried as often as declared, and the history says why it failed', async () => {
  let attempts = 0
  const result = await run('fails', async ({ rows }) => {
    attempts += 1
    rows.read(2)
    throw new RangeError(`attempt ${attempts}`)
  })
  assert.equal(attempts, 2)
  assert.deepEqual(result.error, { code: 'task-failed', detail: 'RangeError: attempt 2' })
  assert.deepEqual([result.status, result.rows_read], ['failed', 2])
  const again = await house.fetch(`/api/v1/jobs/${result.job_id}/retry`, { method: 'POST' })
  assert.equal(again.status, 200, await again.text())
  works.set('fails', async () => ({ mended: true }))
  await until(async () => (await client.tasks.runs.list('fails')).data[0]?.status === 'done', 'it is mended')
  assert.equal((await client.tasks.runs.list('fails')).data[0]?.error, null)
})

test('what trying again would not mend ends the run at once', async () => {
  let attempts = 0
  const result = await run('refused', async ({ files }) => {
    attempts += 1
    await files.get('results', 'never-was')
  })
  assert.equal(attempts, 1)
  assert.equal(result.error?.code, 'object-not-found')
})

test('a task that runs too long is told to stop, and fails', async () => {
  let told: unknown
  const result = await run('slow', ({ signal }) => {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        told = signal.reason
        reject(signal.reason)
      })
    })
  })
  assert.deepEqual(result.error, { code: 'deadline-exceeded', detail: 'The task ran longer than 1 s.' })
  assert.ok(isProblem(told))
})

test('while it runs a second run is refused; a cancelled run stops, and can touch nothing any more', async () => {
  let context: TaskContext | undefined
  works.set('waits', own => {
    context = own
    return new Promise((_, reject) => own.signal.addEventListener('abort', () => reject(own.signal.reason)))
  })
  const first = await client.tasks.run('waits')
  await until(() => context !== undefined, 'it runs')
  await assert.rejects(
    client.tasks.run('waits'),
    error => isProblem(error) && error.code === 'conflict' && error.message.includes('waits'),
  )
  assert.equal((await client.tasks.runs.list('waits')).data[0]?.status, 'running')
  const cancelled = await house.fetch(`/api/v1/jobs/${first.job_id}/cancel`, { method: 'POST' })
  assert.equal(cancelled.status, 200)
  assert.equal((await ended(first)).status, 'cancelled')
  assert.ok(context)
  await assert.rejects(context.sql`select 1`, /cancelled/)
  await assert.rejects(context.fetch(house.url), /cancelled/)
})

test('the list shows the next ticks, the last run and the tasks of the server; paused has no ticks', async () => {
  const byName = async (name: string) =>
    (await client.tasks.list()).find(task => task.name === name) ?? assert.fail(name)
  const waits = await byName('waits')
  assert.deepEqual(
    [waits.description, waits.schedule, waits.timezone, waits.paused],
    ['Waits until it is told to stop.', '0 6 * * 1', 'Europe/Berlin', false],
  )
  assert.equal(waits.next_runs.length, 3)
  assert.equal(waits.last_run?.task, 'waits')
  assert.equal((await byName('short')).schedule, null)
  assert.equal((await byName('credits-renew')).schedule, '5 0 * * *')
  assert.deepEqual((await client.tasks.pause('waits')).next_runs, [])
  assert.equal((await byName('waits')).paused, true)
  assert.equal((await client.tasks.resume('waits')).next_runs.length, 3)
})

test('the credits of the month are a task, which gives nothing twice', async () => {
  const user = await house.user({ plan: 'pro' })
  const first = await ended(await client.tasks.run('credits-renew'))
  assert.equal(first.status, 'done', JSON.stringify(first.error))
  const second = await ended(await client.tasks.run('credits-renew'))
  assert.equal(second.rows_written, 0)
  assert.ok(user.id)
})

test('one key, one run: a repeated request is answered with the first run', async () => {
  works.set('short', async () => {})
  const start = () =>
    house.fetch('/api/v1/tasks/short/run', { method: 'POST', headers: { 'idempotency-key': 'once' } })
  const first = await start()
  assert.equal(first.status, 201)
  const body = (await first.json()) as TaskRun
  await ended(body)
  assert.deepEqual(await (await start()).json(), body)
  assert.equal((await client.tasks.runs.list('short')).data.length, 1)
})

test('runs come in pages, newest first', async () => {
  for (let index = 0; index < 3; index++) await run('short', async () => {}, { index })
  const page = await client.tasks.runs.list('short', { limit: 2 })
  assert.deepEqual(
    page.data.map(({ input }) => input.index),
    [2, 1],
  )
  const all: unknown[] = []
  for await (const one of client.tasks.runs.iterate('short', { limit: 2 })) all.push(one.input.index)
  assert.deepEqual(all, [2, 1, 0, undefined])
})

test('no such task, a wrong body and a wrong cursor are told as such', async () => {
  const status = async (path: string, init?: RequestInit) => (await house.fetch(path, init)).status
  const json = (method: string, body: unknown) => ({
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  assert.equal(await status('/api/v1/tasks/none/run', { method: 'POST' }), 404)
  assert.equal(await status('/api/v1/tasks/none/runs'), 404)
  assert.equal(await status('/api/v1/tasks/none', json('PATCH', { paused: true })), 404)
  assert.equal(await status('/api/v1/tasks/Not%20a%20name/runs'), 400)
  assert.equal(await status('/api/v1/tasks/short', json('PATCH', { pause: true })), 400)
  assert.equal(await status('/api/v1/tasks/short/run', json('POST', { input: 'x' })), 400)
  for (const cursor of [
    'x',
    Buffer.from('1 2').toString('base64url'),
    Buffer.from(`9999999999999999 ${'0'.repeat(36)}`).toString('base64url'),
  ])
    assert.equal(await status(`/api/v1/tasks/short/runs?cursor=${cursor}`), 400, cursor)
  const member = await house.user()
  assert.equal((await member.fetch('/api/v1/tasks')).status, 403)
})
