import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Problem, type RunEvent } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { silentLog } from '../../kit/log.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { storedRun } from '../../testing/stored-run.ts'
import type { NumberedEvent } from '../run.ts'
import type { Ending } from '../store.ts'
import type { RunStep } from '../stream.ts'
import { createEventStore, type EventStore, type Part } from './store.ts'
import { createWriter } from './writer.ts'

const { database } = await openTestDatabase({ after }, { max: 2, systemMax: 2 })
const store = createEventStore(database.system)
const text = (value: string): RunEvent => ({ type: 'text-delta', step: 1, text: value })

/** With all that the database does not take as it is. */
const step: RunStep = {
  n: 1,
  step: 1,
  kind: 'llm',
  name: 'demo',
  status: 'done',
  attempt: 1,
  callId: null,
  message: { role: 'assistant', content: 'a\0b \ud800' },
  usage: { inputTokens: 1, outputTokens: 2, isEstimated: false },
  credits: 3,
  costMicros: 4,
  firstTokenMs: 5,
  error: 'broken\0',
  attributes: { note: 'x\0y' },
  startedAt: new Date(),
  endedAt: new Date(),
}

/** A writer whose commits wait while `hold` says so, and what it told readers. */
function openWriter(append: EventStore['append'] = store.append) {
  const delivered: Part[] = []
  let gate: Promise<void> = Promise.resolve()
  let commits = 0
  const writer = createWriter({
    store: {
      page: store.page,
      async append(parts) {
        await gate
        commits += 1
        return append(parts)
      },
    },
    log: silentLog,
    onWritten: parts => delivered.push(...parts),
  })
  return {
    writer,
    delivered,
    commits: () => commits,
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return () => {
        gate = Promise.resolve()
        resolve()
      }
    },
  }
}

function open(
  { writer }: ReturnType<typeof openWriter>,
  run: { id: string; attempt: number },
  onLost = () => {},
) {
  return writer.open(run, { lastSeq: 1, events: [] }, onLost)
}

/** A run's last answer and its end. */
function endingOf(runId: string, attempt: number): Part & { ending: Ending } {
  const usage = { inputTokens: 1, outputTokens: 2, isEstimated: false }
  const totals = { usage, credits: 3, costMicros: 4, firstTokenMs: 5 }
  return {
    runId,
    attempt,
    events: [
      { seq: 2, data: '{"type":"step-end"}' },
      { seq: 3, data: '{"type":"run-end"}' },
    ],
    steps: [step],
    checkpointSeq: null,
    ending: { ...totals, status: 'done', output: 'all', stopped: 'answered', error: null },
  }
}

async function stored(runId: string): Promise<(NumberedEvent & { event: RunEvent })[]> {
  const rows = await store.page(runId, 0, 1000)
  return rows.map(row => ({ ...row, event: JSON.parse(row.data) }))
}

test('events have the numbers 2, 3, 4, ... in the order they were added, and readers get what the table has', async () => {
  const run = await storedRun(database.system)
  const office = openWriter()
  const lane = open(office, run)
  lane.append({ type: 'step-start', step: 1, provider: 'demo', model: 'demo' })
  lane.append(text('Hel'))
  lane.append({ type: 'tool-call', step: 1, id: 'a', name: 'time', arguments: '{}' })
  assert.equal(await lane.flush(), 4)
  lane.append(text('lo'))
  assert.equal(await lane.flush(), 5)
  const rows = await stored(run.id)
  assert.deepEqual(
    rows.map(row => row.seq),
    [1, 2, 3, 4, 5],
  )
  assert.deepEqual(
    rows.slice(1).map(row => row.event.type),
    ['step-start', 'text-delta', 'tool-call', 'text-delta'],
  )
  const told = office.delivered.flatMap(part => part.events)
  assert.deepEqual(
    told,
    rows.slice(1).map(({ seq, data }) => ({ seq, data })),
  )
})

test('what 100 runs add while a commit is under way goes with the next one, and text of a run becomes one event', async () => {
  const runs = await Promise.all(Array.from({ length: 100 }, () => storedRun(database.system)))
  const office = openWriter()
  const release = office.hold()
  const lanes = runs.map(run => open(office, run))
  for (const lane of lanes) lane.append(text('a'))
  await new Promise(setImmediate)
  for (const letter of ['b', 'c', 'd']) for (const lane of lanes) lane.append(text(letter))
  release()
  await Promise.all(lanes.map(lane => lane.flush()))
  assert.equal(office.commits(), 2)
  for (const run of runs) {
    const rows = await stored(run.id)
    assert.deepEqual(
      rows.slice(1).map(row => [row.seq, row.event]),
      [
        [2, text('a')],
        [3, text('bcd')],
      ],
    )
  }
})

test('text of another kind or step, or behind another event, stays an event of its own', async () => {
  const run = await storedRun(database.system)
  const office = openWriter()
  const lane = open(office, run)
  const events: RunEvent[] = [
    { type: 'reasoning-delta', step: 1, text: 'hm' },
    text('a'),
    { type: 'tool-call', step: 1, id: 'a', name: 'time', arguments: '{}' },
    text('b'),
    { type: 'text-delta', step: 2, text: 'c' },
  ]
  for (const event of events) lane.append(event)
  await lane.flush()
  assert.deepEqual(
    (await stored(run.id)).slice(1).map(row => row.event),
    events,
  )
})

test('a checkpoint has its step, all events before it and its mark in one commit', async () => {
  const run = await storedRun(database.system)
  const office = openWriter()
  const lane = open(office, run)
  lane.append(text('a\0b\n'))
  const end = { input_tokens: 1, output_tokens: 2, estimated: false }
  await lane.checkpoint(
    [{ type: 'step-end', step: 1, finish_reason: 'stop', usage: end, credits: 3 }],
    [step],
  )
  lane.append(text('more'))
  await lane.flush()
  assert.equal(office.commits(), 2)
  const rows = await stored(run.id)
  assert.deepEqual(rows[1]?.event, text('a\0b\n'))
  const { rows: marks } = await sql<{
    checkpoint_seq: number
    error: string
    content: unknown
    note: string
  }>`
    select checkpoint_seq, run_steps.error, message as content, attributes ->> 'note' as note
    from runs join run_steps on run_id = id where id = ${run.id}`.execute(database.system)
  assert.deepEqual(marks, [{ checkpoint_seq: 3, error: 'broken', content: step.message, note: 'xy' }])
})

test('a process that has lost a run to another writes nothing more, and those beside it are written', async () => {
  const [lost, kept] = [await storedRun(database.system), await storedRun(database.system)]
  await sql`update runs set attempt = 2 where id = ${lost.id}`.execute(database.system)
  const office = openWriter()
  let told = 0
  const stale = open(office, lost, () => {
    told += 1
  })
  const good = open(office, kept)
  stale.append(text('a'))
  good.append(text('a'))
  await assert.rejects(stale.flush(), /no longer of this process/)
  await assert.rejects(stale.checkpoint([], []), /no longer of this process/)
  assert.equal(await good.flush(), 2)
  assert.equal(told, 1)
  assert.deepEqual((await stored(lost.id)).length, 1)
  assert.ok(office.delivered.every(part => part.runId === kept.id))
})

test('of two processes that reach for the same number one is told that the run is lost', async () => {
  const run = await storedRun(database.system)
  await store.insert(run.id, [{ seq: 2, data: '{"type":"run-attempt","attempt":2,"after":1}' }])
  const beside = await storedRun(database.system)
  const office = openWriter()
  let told = 0
  const stale = open(office, run, () => {
    told += 1
  })
  const good = open(office, beside)
  stale.append(text('a'))
  good.append(text('b'))
  await assert.rejects(stale.flush())
  assert.equal(await good.flush(), 2)
  assert.equal(told, 1)
})

test('a commit whose answer was lost is found, not written twice', async () => {
  const run = await storedRun(database.system)
  let tries = 0
  const office = openWriter(async parts => {
    tries += 1
    const held = await store.append(parts)
    if (tries === 1) throw new Problem('database-unavailable', 'The answer was lost.')
    return held
  })
  const lane = open(office, run)
  lane.append(text('a'))
  assert.equal(await lane.flush(), 2)
  lane.append(text('b'))
  assert.equal(await lane.flush(), 3)
  assert.deepEqual(
    (await stored(run.id)).slice(1).map(row => row.event),
    [text('a'), text('b')],
  )
})

test('what was not written when a run is let go of is given back with its numbers', async () => {
  const run = await storedRun(database.system)
  const office = openWriter()
  const release = office.hold()
  const lane = open(office, run)
  lane.append(text('a'))
  await new Promise(setImmediate)
  lane.append(text('b'))
  const closing = lane.close()
  release()
  const rest = await closing
  assert.deepEqual(rest, { events: [{ seq: 3, data: JSON.stringify(text('b')) }], steps: [], nextSeq: 4 })
  lane.append(text('c'))
  assert.equal((await stored(run.id)).length, 2)
  assert.equal(office.writer.has(run.id), false)
})

test('a run that its own process has taken again is written by the newer attempt alone', async () => {
  const run = await storedRun(database.system)
  const office = openWriter()
  let told = 0
  const older = open(office, run, () => {
    told += 1
  })
  const release = office.hold()
  older.append(text('old'))
  await sql`update runs set attempt = 2 where id = ${run.id}`.execute(database.system)
  const newer = open(office, { id: run.id, attempt: 2 })
  newer.append(text('new'))
  release()
  assert.equal(await newer.flush(), 2)
  await assert.rejects(older.flush(), /no longer of this process/)
  assert.equal(told, 1)
  assert.deepEqual(
    (await stored(run.id)).slice(1).map(row => row.event),
    [text('new')],
  )
})

test('while the disk of the database is full what runs say waits, and no run is lost', async () => {
  const run = await storedRun(database.system)
  let tries = 0
  const office = openWriter(async parts => {
    tries += 1
    if (tries === 1) throw new Problem('storage-full', 'The disk is full.')
    return await store.append(parts)
  })
  let lost = 0
  const lane = open(office, run, () => {
    lost += 1
  })
  lane.append(text('a'))
  assert.equal(await lane.flush(), 2)
  assert.equal(lost, 0)
})

test('runs that end in the same moment end in one commit, each with its last answer and what it took', async () => {
  const office = openWriter()
  const runs = await Promise.all(Array.from({ length: 5 }, () => storedRun(database.system)))
  const parts = runs.map(run => endingOf(run.id, run.attempt))
  const commits = office.commits()
  const ended = await Promise.all(parts.map(part => office.writer.end(part)))
  assert.equal(office.commits(), commits + 1)
  for (const [index, run] of runs.entries()) {
    const { rows } = await sql<Record<string, unknown>>`
      select status, output, last_seq, lease_until, finished_at, (select count(*)::int from run_steps where run_id = id) as steps
      from runs where id = ${run.id}`.execute(database.system)
    assert.deepEqual(rows, [
      { status: 'done', output: 'all', last_seq: 3, lease_until: null, finished_at: ended[index], steps: 1 },
    ])
    const told = office.delivered.find(part => part.runId === run.id)
    assert.deepEqual(
      (await stored(run.id)).slice(1).map(({ seq, data }) => ({ seq, data })),
      told?.events,
    )
  }
})

test('a run that another process has taken is not ended by the one before, and nothing of its end is written', async () => {
  const run = await storedRun(database.system)
  const office = openWriter()
  await sql`update runs set attempt = 2 where id = ${run.id}`.execute(database.system)
  assert.equal(await office.writer.end(endingOf(run.id, 1)), null)
  assert.deepEqual((await stored(run.id)).length, 1)
  assert.deepEqual(office.delivered, [])
  const { rows } = await sql`
    select status, (select count(*)::int from run_steps where run_id = id) as steps from runs where id = ${run.id}`.execute(
    database.system,
  )
  assert.deepEqual(rows, [{ status: 'running', steps: 0 }])
})

test('while the database is away a run says a quarter of a megabyte more, then whoever speaks waits until it is back', async () => {
  const run = await storedRun(database.system)
  const office = openWriter()
  const lane = open(office, run)
  const release = office.hold()
  lane.append(text('taken at once'))
  await turn()
  lane.append(text('x'.repeat(200_000)))
  assert.equal(lane.room(), undefined)
  lane.append(text('x'.repeat(100_000)))
  let hasRoom = false
  const room = lane.room()?.then(() => (hasRoom = true))
  assert.ok(room)
  await turn()
  assert.equal(hasRoom, false)
  release()
  await room
  assert.equal(lane.room(), undefined)
  const other = open(office, await storedRun(database.system))
  const keep = office.hold()
  other.append(text('x'.repeat(300_000)))
  const left = other.room()
  assert.ok(left)
  keep()
  await other.close()
  await left
})
