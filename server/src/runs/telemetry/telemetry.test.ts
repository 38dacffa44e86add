import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { createInProcessBus } from '../../adapters/bus/in-process.ts'
import type { JobTables } from '../../jobs/store.ts'
import { context } from '../../kit/context.ts'
import type { FinishedSpan } from '../../ports/tracer.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { aborted, answered, noTotals, question, stepDone } from '../../testing/run-loops.ts'
import { openRunProcess, type RunProcess } from '../../testing/run-process.ts'
import { until } from '../../testing/until.ts'
import type { RunLoop, RunStep } from '../stream.ts'

const ground = await openTestDatabase<JobTables>({ after }, { max: 4, systemMax: 6 })
const bus = createInProcessBus()

const stepOf = (n: number, attempt: number): RunStep =>
  stepDone(n, attempt, { attributes: { provider: 'demo', model: 'demo', finish_reason: 'stop' } })

/** Writes one step, then does not end before it is told to. */
const oneStep: RunLoop = async work => {
  const { stream, run, steps } = work
  await stream.checkpoint([], [stepOf(steps.length + 1, run.attempt)])
  await aborted(work)
  return { kind: 'left', ...noTotals }
}

const lastStep: RunLoop = async ({ stream, run, steps }) => {
  await stream.checkpoint([], [stepOf(steps.length + 1, run.attempt)])
  return answered('all')
}

async function processOf(
  t: TestContext,
  loop: RunLoop,
  works = false,
): Promise<{ process: RunProcess; spans: FinishedSpan[] }> {
  const spans: FinishedSpan[] = []
  const tracer = { span: (span: FinishedSpan) => void spans.push(span), close: async () => {} }
  return { process: await openRunProcess(t, ground, { bus, loop, works, tracer }), spans }
}

async function stepsOf(id: string): Promise<number> {
  const { rows } = await sql`select from run_steps where run_id = ${id}`.execute(ground.database.system)
  return rows.length
}

test('a run that another process ended is one tree, told once, by who ended it', async t => {
  const dead = await processOf(t, oneStep)
  const alive = await processOf(t, lastStep)
  const { runs, caller } = dead.process
  const run = await context.run({ requestId: 'order-7', userId: null }, () => runs.start(caller, question))
  await until(async () => (await stepsOf(run.id)) === 1, 'the first step')
  await sql`update runs set lease_until = now() - interval '1 s' where id = ${run.id}`.execute(
    ground.database.system,
  )
  await alive.process.takeover.takeAbandoned()
  await until(() => alive.spans.length > 0, 'spans')
  const [root, ...steps] = alive.spans
  assert.equal(root?.name, 'invoke_agent')
  assert.equal(root?.attributes['roundhouse.run.attempt'], 2)
  assert.deepEqual(
    steps.map(({ name, parentSpanId, traceId }) => [name, parentSpanId, traceId]),
    Array(2).fill(['chat demo', root?.spanId, root?.traceId]),
  )
  assert.deepEqual(dead.spans, [])
})

test('a run that nobody works on is told too, when it is cancelled and when its job is given up', async t => {
  const { process, spans } = await processOf(t, oneStep)
  const { runs, caller, handler } = process
  const cancelled = await runs.start(caller, question)
  await until(async () => (await stepsOf(cancelled.id)) === 1, 'the first step')
  await process.stop(0)
  await runs.cancel(caller, cancelled.id)
  const idsOf = () => spans.map(({ attributes }) => attributes['roundhouse.run.id'])
  await until(() => idsOf().includes(cancelled.id), 'the cancelled run')

  const second = await processOf(t, oneStep)
  const failed = await second.process.runs.start(caller, question)
  await until(async () => (await stepsOf(failed.id)) === 1, 'the first step')
  await second.process.stop(0)
  await ground.database.asSystem(async db => {
    const job = { status: 'failed', error: { detail: 'It was killed.' }, payload: { run_id: failed.id } }
    await handler.ended?.(db, job as never)
    // As long as this is not committed there is nothing to tell.
    await sql`select pg_sleep(0.3)`.execute(db)
  })
  await until(() => idsOf().includes(failed.id), 'the failed run')
  const root = spans.find(({ attributes }) => attributes['roundhouse.run.id'] === failed.id)
  assert.equal(root?.errorType, 'job-crashed')
})

test('the spans say which rules of the agent acted', async t => {
  const act = { rule: 'pii', on: 'output', action: 'mask', count: 2 }
  const { process, spans } = await processOf(t, async ({ stream, run }) => {
    await stream.checkpoint([], [{ ...stepOf(1, run.attempt), attributes: { guardrails: [act] } }])
    return answered('all')
  })
  await process.runs.start(process.caller, question)
  await until(() => spans.length > 0, 'spans')
  assert.deepEqual(spans[1]?.attributes['roundhouse.guardrails'], ['pii output mask 2'])
})
