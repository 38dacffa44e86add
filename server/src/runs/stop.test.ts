import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import type { JobTables } from '../jobs/store.ts'
import { openTestDatabase } from '../testing/open-test-database.ts'
import { assertWhole, textOf } from '../testing/run-events.ts'
import {
  aborted,
  answered,
  endOfStep,
  eventsOf,
  hasWritten,
  noTotals,
  question,
  stepDone,
  text,
  twoSteps,
} from '../testing/run-loops.ts'
import { openRunProcess } from '../testing/run-process.ts'
import { until } from '../testing/until.ts'

const ground = await openTestDatabase<JobTables>({ after }, { max: 4, systemMax: 6 })

test('a process that stops hands its runs to another within 2 s, and refuses none that comes meanwhile', async t => {
  const bus = createInProcessBus()
  const stopping = await openRunProcess(t, ground, { bus, loop: twoSteps((_work, step) => step === 2) })
  const other = await openRunProcess(t, ground, { bus, works: true, loop: twoSteps(() => false) })
  const run = await stopping.runs.start(stopping.caller, question)
  const reading = eventsOf(other, run.id)
  await hasWritten(other, run.id, 5)
  const startedAt = performance.now()
  await stopping.stop(100)
  await until(async () => (await other.runs.get(other.caller, run.id)).attempt === 2, 'another has it')
  assert.ok(performance.now() - startedAt < 2000)
  const late = await stopping.runs.start(stopping.caller, question)
  for (const events of [await reading, await eventsOf(other, late.id)]) {
    assertWhole(events)
    assert.equal(events.at(-1)?.event.type, 'run-end')
  }
  assert.equal(textOf(await reading), '[1:1][2:2]')
  assert.equal((await other.runs.get(other.caller, late.id)).attempt, 2)
})

test('what a process that stops has said of an unfinished answer is taken back by the one that goes on', async t => {
  const bus = createInProcessBus()
  const stopping = await openRunProcess(t, ground, {
    bus,
    loop: async work => {
      const { stream } = work
      await stream.checkpoint([endOfStep(1)], [stepDone(1, 1)])
      stream.append(text('phantom'))
      await stream.flush()
      await aborted(work)
      // Who asked the model writes down what it cost.
      await stream.checkpoint([], [stepDone(2, 1, { status: 'failed', message: null })])
      return { kind: 'left', ...noTotals }
    },
  })
  const run = await stopping.runs.start(stopping.caller, question)
  await hasWritten(stopping, run.id, 3)
  await stopping.stop(0)
  const other = await openRunProcess(t, ground, {
    bus,
    works: true,
    loop: async ({ stream }) => {
      stream.append(text('whole'))
      return answered('whole')
    },
  })
  const events = await eventsOf(other, run.id)
  assertWhole(events)
  assert.equal(textOf(events), 'whole')
  const attempt = events.find(({ event }) => event.type === 'run-attempt')
  assert.deepEqual(attempt?.event, { type: 'run-attempt', attempt: 2, after: 2 })
})

test('a run that somebody waits for here is finished by the process that stops, the others go at once', async t => {
  const bus = createInProcessBus()
  const isTold = Promise.withResolvers<void>()
  const stopping = await openRunProcess(t, ground, {
    bus,
    loop: async work => {
      await Promise.race([isTold.promise, aborted(work)])
      return work.signal.aborted ? { kind: 'left', ...noTotals } : answered('here')
    },
  })
  const other = await openRunProcess(t, ground, { bus, works: true, loop: async () => answered('there') })
  const { runs, caller } = stopping
  const left = await runs.start(caller, question)
  const waiting = await runs.start(caller, { ...question, isAwaited: true })
  const answer = runs.finished(caller, waiting.id, AbortSignal.timeout(10_000))
  const stop = stopping.stop(10_000)
  const late = await runs.start(caller, { ...question, isAwaited: true })
  const given = await other.runs.finished(caller, left.id, AbortSignal.timeout(10_000))
  assert.deepEqual([given.output, given.attempt], ['there', 2])
  isTold.resolve()
  for (const ended of [await answer, await other.runs.finished(caller, late.id, AbortSignal.timeout(10_000))])
    assert.deepEqual([ended.status, ended.output, ended.attempt], ['done', 'here', 1])
  await stop
})

test('who waits longer than a process that stops can is told so, and the run goes on elsewhere', async t => {
  const bus = createInProcessBus()
  const stopping = await openRunProcess(t, ground, { bus, loop: twoSteps(() => true) })
  const { runs, caller } = stopping
  const run = await runs.start(caller, { ...question, isAwaited: true })
  await hasWritten(stopping, run.id, 2)
  const answer = runs.finished(caller, run.id, AbortSignal.timeout(10_000))
  const reading = eventsOf(stopping, run.id)
  const refused = assert.rejects(answer, { code: 'shutting-down' })
  await stopping.stop(100)
  await refused
  assert.deepEqual(
    (await reading).map(({ event }) => event.type),
    ['run-start', 'text-delta'],
  )
  const other = await openRunProcess(t, ground, { bus, works: true, loop: twoSteps(() => false) })
  const ended = await other.runs.finished(caller, run.id, AbortSignal.timeout(10_000))
  assert.deepEqual([ended.status, ended.attempt], ['done', 2])
})

test('a loop that does not hear that it is to stop is left behind, and what it writes later goes nowhere', async t => {
  const bus = createInProcessBus()
  const late = Promise.withResolvers<void>()
  const written: string[] = []
  const deaf = await openRunProcess(t, ground, {
    bus,
    loop: async ({ stream }) => {
      stream.append(text('[1:1'))
      await late.promise
      stream.append(text('phantom'))
      await stream.flush().catch(() => written.push('refused'))
      return answered('phantom')
    },
  })
  const other = await openRunProcess(t, ground, { bus, works: true, loop: twoSteps(() => false) })
  const run = await deaf.runs.start(deaf.caller, question)
  await deaf.stop(0)
  const ended = await other.runs.finished(other.caller, run.id, AbortSignal.timeout(10_000))
  late.resolve()
  await until(() => written.length === 1, 'the late text was refused')
  assert.deepEqual([ended.status, ended.output], ['done', 'all'])
  const events = await eventsOf(other, run.id)
  assertWhole(events)
  assert.ok(!textOf(events).includes('phantom'))
})
