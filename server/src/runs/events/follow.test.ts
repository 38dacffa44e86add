import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { RunEvent } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { createInProcessBus } from '../../adapters/bus/in-process.ts'
import { silentLog } from '../../kit/log.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { storedRun } from '../../testing/stored-run.ts'
import { until } from '../../testing/until.ts'
import { createRests } from '../rests.ts'
import type { NumberedEvent } from '../run.ts'
import { createRunStore } from '../store.ts'
import { createFollow, type Follow } from './follow.ts'
import { createEventStore } from './store.ts'
import { createWriter, type Writer } from './writer.ts'

const { database } = await openTestDatabase({ after }, { max: 2, systemMax: 4 })
const store = createEventStore(database.system)
const text = (value: string): RunEvent => ({ type: 'text-delta', step: 1, text: value })
const ended: RunEvent = {
  type: 'run-end',
  output: '',
  stopped: 'answered',
  usage: { input_tokens: 0, output_tokens: 0, estimated: false },
  credits: 0,
}

/** Two processes of one deployment: what they share is the database and the bus. */
function deployment(t: { after(work: () => void): void }) {
  const bus = createInProcessBus()
  const open = () => {
    let reads = 0
    const counted = {
      ...store,
      page: (...args: Parameters<typeof store.page>) => {
        reads += 1
        return store.page(...args)
      },
    }
    const follow: Follow = createFollow({ store: counted, writer: () => writer, bus, log: silentLog })
    const writer: Writer = createWriter({ store, log: silentLog, onWritten: follow.written })
    follow.start()
    t.after(follow.stop)
    return { follow, writer, reads: () => reads }
  }
  return { here: open(), there: open() }
}

/** Reads until the end of the stream. */
async function read(groups: AsyncIterable<readonly NumberedEvent[]>): Promise<NumberedEvent[]> {
  const events: NumberedEvent[] = []
  for await (const group of groups) events.push(...group)
  return events
}

function numbers(events: readonly NumberedEvent[]): number[] {
  return events.map(event => event.seq)
}

function upTo(last: number, from = 1): number[] {
  return Array.from({ length: last - from + 1 }, (_, index) => from + index)
}

test('readers that come before, in the midst and after, here and in another process, see each number once', async t => {
  const { here, there } = deployment(t)
  const run = await storedRun(database.system)
  const lane = here.writer.open(run, { lastSeq: 1, events: [] }, () => {})
  const never = new AbortController().signal
  const reading = [read(here.follow.follow(run.id, 0, never)), read(there.follow.follow(run.id, 0, never))]
  for (let n = 0; n < 600; n += 1) {
    lane.append({ type: 'tool-call', step: 1, id: String(n), name: 'time', arguments: '{}' })
    if (n % 7 === 0) await lane.flush()
    if (n % 100 === 50) {
      reading.push(read(here.follow.follow(run.id, n % 200, never)))
      reading.push(read(there.follow.follow(run.id, n % 200, never)))
    }
  }
  lane.append(ended)
  await lane.flush()
  const results = await Promise.all(reading)
  for (const events of results) assert.deepEqual(numbers(events), upTo(602, events[0]?.seq))
  assert.deepEqual(numbers(await read(there.follow.follow(run.id, 0, never))), upTo(602))
})

test('who follows a run from its start in its own process asks the database nothing', async t => {
  const { here } = deployment(t)
  const run = await storedRun(database.system)
  const first = { seq: 1, data: '{"type":"run-start"}' }
  const lane = here.writer.open(run, { lastSeq: 1, events: [first] }, () => {})
  lane.append(text('a'))
  await lane.flush()
  const reading = read(here.follow.follow(run.id, 0, new AbortController().signal))
  lane.append(text('b'))
  await lane.flush()
  lane.append(ended)
  const events = await reading
  assert.deepEqual(numbers(events), [1, 2, 3, 4])
  assert.equal(here.reads(), 0)
})

test('a reader in another process is told within a moment, although nothing is told of runs that nobody there follows', async t => {
  const { here, there } = deployment(t)
  const run = await storedRun(database.system)
  const lane = here.writer.open(run, { lastSeq: 1, events: [] }, () => {})
  const seen: number[] = []
  const stop = new AbortController()
  const reading = (async () => {
    for await (const group of there.follow.follow(run.id, 0, stop.signal)) seen.push(...numbers(group))
  })()
  await until(() => seen.length === 1, 'the first event is there')
  const startedAt = performance.now()
  for (let n = 2; n <= 6; n += 1) {
    lane.append(text('a'))
    await until(() => seen.length === n, `event ${n} is there`)
  }
  // By the look of each second alone it would have taken as many seconds.
  assert.ok(performance.now() - startedAt < 3000)
  stop.abort()
  await reading
})

test('a reader that takes nothing is ended when 1,000 events wait for it, and gets them all when it comes back', async t => {
  const { here } = deployment(t)
  const run = await storedRun(database.system)
  const lane = here.writer.open(run, { lastSeq: 1, events: [] }, () => {})
  const never = new AbortController().signal
  const slow = here.follow.follow(run.id, 0, never)
  const got = [...((await slow.next()).value ?? [])]
  // It has read all there was, and now waits at an event.
  lane.append(text('a'))
  got.push(...((await slow.next()).value ?? []))
  for (let n = 0; n < 1500; n += 1) {
    lane.append({ type: 'tool-call', step: 1, id: String(n), name: 'time', arguments: '{}' })
    if (n % 100 === 0) await lane.flush()
  }
  await lane.flush()
  const rest = await read(slow)
  assert.deepEqual(rest, [])
  const last = got.at(-1)?.seq ?? 0
  lane.append(ended)
  await lane.flush()
  const back = await read(here.follow.follow(run.id, last, never))
  assert.deepEqual(numbers([...got, ...back]), upTo(1503))
})

test('a megabyte that waits ends a reader too', async t => {
  const { here } = deployment(t)
  const run = await storedRun(database.system)
  const lane = here.writer.open(run, { lastSeq: 1, events: [] }, () => {})
  const slow = here.follow.follow(run.id, 0, new AbortController().signal)
  await slow.next()
  lane.append(text('a'))
  await slow.next()
  lane.append(text('x'.repeat(1024 * 1024)))
  await lane.flush()
  assert.equal((await slow.next()).done, true)
})

test('what is written while a reader asks the table is not missed, the last event too', async t => {
  const run = await storedRun(database.system)
  const page: typeof store.page = async (...args) => {
    const rows = await store.page(...args)
    lane.append(ended)
    await lane.flush()
    return rows
  }
  const bus = createInProcessBus()
  const follow = createFollow({ store: { ...store, page }, writer: () => writer, bus, log: silentLog })
  t.after(follow.stop)
  const writer = createWriter({ store, log: silentLog, onWritten: follow.written })
  const lane = writer.open(run, { lastSeq: 1, events: [] }, () => {})
  assert.deepEqual(numbers(await read(follow.follow(run.id, 1, AbortSignal.timeout(5000)))), [2])
})

test('when the run goes on in another process its readers here go on too', async t => {
  const { here, there } = deployment(t)
  const run = await storedRun(database.system)
  const first = here.writer.open(run, { lastSeq: 1, events: [] }, () => {})
  const reading = read(here.follow.follow(run.id, 0, new AbortController().signal))
  first.append(text('a'))
  await first.flush()
  await first.close()
  const second = there.writer.open(run, { lastSeq: 2, events: [] }, () => {})
  second.append(text('b'))
  await second.flush()
  second.append(ended)
  await second.flush()
  assert.deepEqual(numbers(await reading), [1, 2, 3, 4])
})

test('a reader that goes leaves nothing behind, and a run that is removed ends its readers', async t => {
  const { here, there } = deployment(t)
  const run = await storedRun(database.system)
  here.writer.open(run, { lastSeq: 1, events: [] }, () => {})
  const stop = new AbortController()
  const gone = read(here.follow.follow(run.id, 0, stop.signal))
  stop.abort()
  assert.ok((await gone).length <= 1)
  const orphan = await storedRun(database.system)
  const reading = read(there.follow.follow(orphan.id, 0, new AbortController().signal))
  await database.system
    .deleteFrom('runs' as never)
    .where('id' as never, '=', orphan.id as never)
    .execute()
  assert.ok((await reading).length <= 1)
  assert.deepEqual(await store.page(orphan.id, 0, 10), [])
})

test('what a reader is given at a time is bounded by its length too, and it gets everything', async t => {
  const { there } = deployment(t)
  const run = await storedRun(database.system)
  const long = { type: 'text-delta', step: 1, text: 'é'.repeat(300_000) }
  for (let seq = 2; seq <= 6; seq += 1) await store.insert(run.id, [{ seq, data: JSON.stringify(long) }])
  await store.insert(run.id, [{ seq: 7, data: JSON.stringify(ended) }])
  const pages: number[][] = []
  for await (const group of there.follow.follow(run.id, 0, new AbortController().signal))
    pages.push(numbers(group))
  assert.deepEqual(pages, [
    [1, 2, 3],
    [4, 5],
    [6, 7],
  ])
})

test('who waits for runs of another process asks together with all others, once a second', async () => {
  const runs = await Promise.all(Array.from({ length: 50 }, () => storedRun(database.system)))
  const { underWayOf } = createRunStore(database.system)
  let looks = 0
  const rests = createRests({
    log: silentLog,
    store: {
      async underWayOf(ids) {
        looks += 1
        return await underWayOf(ids)
      },
    },
  })
  const gone = new AbortController()
  const waiting = runs.map(run => rests.wait(run.id, gone.signal))
  await sql`update runs set status = 'waiting' where id = any(${runs.slice(1).map(run => run.id)}::uuid[])`.execute(
    database.system,
  )
  await Promise.all(waiting.slice(1))
  assert.equal(looks, 1)
  let isOver = false
  void waiting[0]?.then(() => {
    isOver = true
  })
  await until(() => looks === 2, 'it is looked again')
  assert.equal(isOver, false)
  gone.abort()
  await waiting[0]
})
