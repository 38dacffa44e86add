import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { Problem, type Tensor } from '@roundhouse/sdk/contract'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { turnedClock } from '../testing/turned-clock.ts'
import { until } from '../testing/until.ts'
import { createJournal, type HistoryMode, type JournalEntry } from './journal.ts'
import { createPredictionStore, type NewPrediction, type PredictionTables } from './store.ts'

const file = { after }
const { database } = await openTestDatabase<PredictionTables>(file, { max: 2 })
const rows = createPredictionStore(database.system)
const ids = createIds()

/** The real store, which can be away, and can lose the answer to an insert that was done. */
function setUp(mode: HistoryMode = 'full', perSecond = 1_000_000) {
  const modelId = randomUUID()
  const clock = turnedClock(1000)
  const inserts: number[] = []
  const lines: { event: string; fields: Record<string, unknown> }[] = []
  let trouble: 'none' | 'away' | 'answer-lost' = 'none'
  let inserting = () => {}
  const away = new Problem('database-unavailable', 'The database does not answer.')
  const store = {
    ...rows,
    async insert(batch: readonly NewPrediction[]) {
      inserts.push(batch.length)
      inserting()
      if (trouble === 'away') throw away
      await rows.insert(batch)
      if (trouble === 'answer-lost') throw away
    },
  }
  const note = (event: string, fields = {}) => void lines.push({ event, fields })
  const journal = createJournal({
    store,
    clock,
    log: { ...silentLog, warn: note, error: note },
    mode,
    perSecond,
    burst: 10 * perSecond,
  })

  function entry(change: Partial<JournalEntry> = {}): JournalEntry {
    return {
      id: ids.uuid(),
      modelId,
      modelVersion: '3',
      userId: null,
      requestId: 'request-1',
      inputs: [floats('x', 1.5, 2)],
      outputs: [floats('y', 3)],
      inferenceTimeMs: 0.25,
      cached: false,
      error: null,
      createdAt: Date.UTC(2026, 10, 21),
      ...change,
    }
  }
  return {
    journal,
    clock,
    inserts,
    lines,
    entry,
    cause: (next: typeof trouble) => {
      trouble = next
    },
    onInsert: (callback: () => void) => {
      inserting = callback
    },
    written: (limit = 100_000) => rows.list(modelId, { limit }),
  }
}

function floats(name: string, ...values: number[]): Tensor {
  return { name, datatype: 'FP32', shape: [values.length], data: Float32Array.from(values) }
}

/** Turns the clock until the promise has settled. */
async function turning(clock: { turn(ms: number): void }, work: Promise<unknown>): Promise<void> {
  let pending = true
  const end = work.finally(() => {
    pending = false
  })
  while (pending) {
    await delay(1)
    clock.turn(1)
  }
  await end
}

test('a prediction is in the history a tenth of a second later, with everything that was said of it', async () => {
  const { journal, clock, entry, written } = setUp()
  const added = entry({ userId: randomUUID() })
  journal.add(added)
  clock.turn(99)
  assert.equal(journal.waiting(), 1)
  clock.turn(1)
  await until(() => journal.waiting() === 0, 'it is written')
  const [row, ...others] = await written()
  assert.ok(row)
  assert.equal(others.length, 0)
  const { created_at, ...rest } = row
  assert.equal(created_at.getTime(), added.createdAt)
  assert.deepEqual(rest, {
    id: added.id,
    model_id: added.modelId,
    model_version: '3',
    user_id: added.userId,
    request_id: 'request-1',
    inference_time_ms: 0.25,
    cached: false,
    status: 'ok',
    error: null,
    input_data: '{"x":[1.5,2]}',
    output_data: '{"y":[3]}',
  })
})

test('a run that failed is kept with its error and without outputs', async () => {
  const { journal, entry, written } = setUp()
  journal.add(entry({ outputs: null, error: 'index 9 is out of range', requestId: null }))
  await journal.flush(5000)
  const [row] = await written()
  assert.deepEqual(
    [row?.status, row?.error, row?.output_data, row?.request_id],
    ['error', 'index 9 is out of range', null, null],
  )
})

test('many predictions are written in few statements, in their order', async () => {
  const { journal, entry, inserts, written } = setUp()
  const entries = Array.from({ length: 1200 }, () => entry())
  for (const each of entries) journal.add(each)
  await journal.flush(5000)
  assert.deepEqual(inserts, [500, 500, 200])
  assert.deepEqual(
    (await written()).map(row => row.id).reverse(),
    entries.map(each => each.id),
  )
})

test('metadata keeps no data, off keeps nothing at all', async () => {
  const metadata = setUp('metadata')
  metadata.journal.add(metadata.entry())
  await metadata.journal.flush(5000)
  const [row] = await metadata.written()
  assert.deepEqual([row?.status, row?.input_data, row?.output_data], ['ok', null, null])

  const off = setUp('off')
  off.journal.add(off.entry())
  assert.equal(off.journal.waiting(), 0)
  await off.journal.flush(5000)
  assert.deepEqual([off.inserts, await off.written()], [[], []])
})

test('data beyond 256 values, or 16 KB of text, is not kept, the prediction is', async () => {
  const { journal, entry, written } = setUp()
  const large = floats('x', ...new Array<number>(257).fill(0))
  const long: Tensor = { name: 'x', datatype: 'BYTES', shape: [1], data: ['a'.repeat(17_000)] }
  const most = floats('x', ...new Array<number>(256).fill(0))
  for (const input of [large, long, most]) journal.add(entry({ inputs: [input] }))
  await journal.flush(5000)
  const kept = (await written()).reverse()
  assert.deepEqual(
    kept.map(row => row.input_data?.length ?? null),
    [null, null, '{"x":[]}'.length + 2 * 256 - 1],
  )
  assert.deepEqual(
    kept.map(row => row.output_data),
    ['{"y":[3]}', '{"y":[3]}', '{"y":[3]}'],
  )
})

test('what Postgres or JSON cannot hold is left out, and costs no other prediction its place', async () => {
  const { journal, clock, entry, written } = setUp()
  const text = (value: string): Tensor => ({ name: 'x', datatype: 'BYTES', shape: [1], data: [value] })
  const empty: Tensor = {
    name: 'x',
    datatype: 'FP32',
    shape: [2_000_000, 0],
    data: new Float32Array(0),
  }
  const odd = [
    entry({ inputs: [text('a\u0000b')] }),
    entry({ inputs: [text('a\ud800b')] }),
    entry({ inputs: [empty], outputs: [empty] }),
    entry({ outputs: null, error: 'no such word: \u0000\udfff!' }),
    entry({ inputs: [floats('x', Number.NaN, Number.POSITIVE_INFINITY)] }),
    entry({ inputs: [text('"\\u0000" \u2028 ☃ 😀')] }),
    entry(),
  ]
  for (const each of odd) journal.add(each)
  await turning(clock, journal.flush(1000))
  assert.equal(journal.waiting(), 0)
  const kept = (await written()).reverse()
  assert.deepEqual(
    kept.map(row => row.id),
    odd.map(each => each.id),
  )
  assert.deepEqual(
    kept.map(row => row.input_data),
    [null, null, null, '{"x":[1.5,2]}', '{"x":["NaN","Infinity"]}', null, '{"x":[1.5,2]}'],
  )
  assert.match(kept[3]?.error ?? '', /^no such word: .*!$/)
})

test('while the database is away predictions wait, and are all written once it is back', async () => {
  const { journal, clock, entry, cause, written, inserts, lines } = setUp()
  cause('away')
  const entries = Array.from({ length: 700 }, () => entry())
  for (const each of entries) journal.add(each)
  for (let tries = 0; tries < 4; tries++) {
    clock.turn(10_000)
    await turn()
    await turn()
  }
  assert.ok(inserts.length >= 4, 'it goes on trying')
  assert.equal(journal.waiting(), 700)
  assert.deepEqual(
    lines.map(line => line.event),
    ['history-write-fail'],
  )
  cause('none')
  clock.turn(10_000)
  await until(() => {
    clock.turn(100)
    return journal.waiting() === 0
  }, 'all is written')
  assert.deepEqual(
    (await written()).map(row => row.id).reverse(),
    entries.map(each => each.id),
  )
  assert.equal(journal.dropped(), 0)
})

test('a batch whose answer was lost is sent again and is in the history once', async () => {
  const { journal, clock, entry, cause, written, inserts } = setUp()
  cause('answer-lost')
  for (let count = 0; count < 3; count++) journal.add(entry())
  clock.turn(100)
  await until(async () => (await written()).length === 3, 'it is written')
  assert.equal(journal.waiting(), 3)
  cause('none')
  journal.add(entry())
  await turning(clock, journal.flush(5000))
  assert.equal(inserts.at(-1), 4)
  assert.equal((await written()).length, 4)
})

test('beyond 20,000 waiting the oldest are dropped and counted', async () => {
  const { journal, entry, cause, inserts, lines, written } = setUp()
  cause('away')
  const entries = Array.from({ length: 20_001 }, () => entry({ inputs: [], outputs: null }))
  for (const each of entries) journal.add(each)
  assert.deepEqual([journal.waiting(), journal.dropped()], [19_501, 500])
  assert.ok(lines.some(line => line.event === 'history-drop'))
  await turn()
  cause('none')
  inserts.length = 0
  await journal.flush(60_000)
  assert.equal(
    inserts.reduce((sum, count) => sum + count, 0),
    19_501,
  )
  const kept = await written()
  assert.deepEqual([kept.length, kept.at(-1)?.id], [19_501, entries[500]?.id])
})

test('beyond 32 million characters waiting the oldest are dropped and counted, and what is written no longer counts', async () => {
  const { journal, entry, cause, lines, written } = setUp()
  const text = (name: string): Tensor => ({
    name,
    datatype: 'BYTES',
    shape: [1],
    data: ['a'.repeat(16_000)],
  })
  const long = () => entry({ inputs: [text('x')], outputs: [text('y')] })
  cause('away')
  const entries = Array.from({ length: 1000 }, long)
  for (const each of entries) journal.add(each)
  assert.deepEqual([journal.waiting(), journal.dropped()], [500, 500])
  assert.ok(lines.some(line => line.event === 'history-drop'))
  await turn()
  cause('none')
  await journal.flush(60_000)
  for (let count = 0; count < 600; count++) journal.add(long())
  assert.equal(journal.dropped(), 500)
  await journal.flush(60_000)
  const kept = await written()
  assert.deepEqual([kept.length, kept.at(-1)?.id], [1100, entries[500]?.id])
})

test('flush waits for what was added before it, not for what others go on adding', async () => {
  const { journal, clock, entry, onInsert, written } = setUp()
  onInsert(() => journal.add(entry()))
  const first = entry()
  journal.add(first)
  await journal.flush(60_000)
  assert.equal(clock.now(), 1000)
  assert.ok((await written()).some(row => row.id === first.id))
  onInsert(() => {})
  await journal.flush(60_000)
  assert.equal(journal.waiting(), 0)
})

test('flush gives up when its time is over and what it could not write goes on waiting', async () => {
  const { journal, clock, entry, cause } = setUp()
  cause('away')
  journal.add(entry())
  await turning(clock, journal.flush(300))
  assert.equal(journal.waiting(), 1)
})

test('close writes what waits, and what comes later is not taken', async () => {
  const { journal, entry, written, lines } = setUp()
  for (let count = 0; count < 3; count++) journal.add(entry())
  await journal.close(5000)
  journal.add(entry())
  assert.equal(journal.waiting(), 0)
  assert.equal((await written()).length, 3)
  assert.deepEqual(lines, [])
})

test('close says how many predictions were lost when the database stays away, and tries no more', async () => {
  const { journal, clock, entry, cause, inserts, lines } = setUp()
  cause('away')
  for (let count = 0; count < 3; count++) journal.add(entry())
  await turning(clock, journal.close(300))
  assert.deepEqual(lines.at(-1)?.event, 'history-lost')
  assert.equal(lines.at(-1)?.fields.rows, 3)
  const tries = inserts.length
  for (let turns = 0; turns < 5; turns++) {
    clock.turn(60_000)
    await turn()
  }
  assert.equal(inserts.length, tries)
})

test('under load that lasts so many a second are recorded, a burst and every failure whole', async () => {
  const { journal, entry, written } = setUp(undefined, 2)
  for (let index = 0; index < 30; index++) journal.add(entry())
  for (let index = 0; index < 5; index++) journal.add(entry({ error: 'no such word', outputs: null }))
  assert.equal(journal.skipped(), 10)
  await journal.flush(5000)
  assert.equal((await written()).length, 25)
})
