import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { isProblem, type ProblemCode, type Tensor } from '@roundhouse/sdk/contract'
import { type BatcherOptions, type BatchReport, createBatcher } from './batcher.ts'

/** A lane that doubles its input, one batch whenever `release` is called. */
function doublingLane() {
  const batches: { rows: number; release: () => void; fail: (error: Error) => void }[] = []
  const lane = async (inputs: readonly Tensor[]) => {
    const gate = Promise.withResolvers<void>()
    const [input] = inputs
    assert.ok(input && input.data instanceof Float32Array)
    batches.push({ rows: input.shape[0] ?? 0, release: gate.resolve, fail: gate.reject })
    await gate.promise
    return { outputs: [{ ...input, name: 'y', data: input.data.map(value => value * 2) }], computeMs: 1 }
  }
  return { lane, batches }
}

function row(...values: number[]): Tensor {
  return { name: 'x', datatype: 'FP32', shape: [values.length, 1], data: Float32Array.from(values) }
}

function setUp(options: Partial<BatcherOptions> = {}) {
  const { lane, batches } = doublingLane()
  const reports: BatchReport[] = []
  let time = 0
  const batcher = createBatcher({
    lanes: [lane],
    batching: true,
    maxRows: 4,
    queueLimitRows: 100,
    maxWaitMs: 1_000_000,
    msPerRow: 1,
    now: () => time,
    report: report => reports.push(report),
    ...options,
  })
  const run = (input: Tensor, more: { signal?: AbortSignal; timeoutMs?: number } = {}) =>
    batcher.run({ inputs: [input], outputs: ['y'], timeoutMs: 60_000, ...more })
  return { batcher, run, batches, reports, pass: (ms: number) => (time += ms) }
}

const values = (answer: { outputs: Tensor[] }) =>
  answer.outputs.flatMap(({ data }) => Array.from(data as Float32Array))
const problem = (code: ProblemCode) => (error: unknown) => isProblem(error) && error.code === code

test('what arrives while a run is in progress is the next batch, up to the row cap, and each gets its own rows back', async () => {
  const { run, batches, reports } = setUp()
  const first = run(row(1))
  await turn()
  const others = [run(row(2)), run(row(3, 4)), run(row(5)), run(row(6))]
  await turn()
  assert.deepEqual(
    batches.map(batch => batch.rows),
    [1],
  )
  batches[0]?.release()
  assert.deepEqual(values(await first), [2])
  assert.deepEqual(
    batches.map(batch => batch.rows),
    [1, 4],
  )
  batches[1]?.release()
  assert.deepEqual((await Promise.all(others.slice(0, 3))).map(values), [[4], [6, 8], [10]])
  batches[2]?.release()
  assert.deepEqual(values((await others[3]) ?? assert.fail()), [12])
  assert.deepEqual(
    reports.map(({ rows, requests, reason }) => ({ rows, requests, reason })),
    [
      { rows: 1, requests: 1, reason: 'drained' },
      { rows: 4, requests: 3, reason: 'row-cap' },
      { rows: 1, requests: 1, reason: 'drained' },
    ],
  )
})

test('a request larger than the row cap runs alone instead of waiting for ever', async () => {
  const { run, batches } = setUp()
  const large = run(row(1, 2, 3, 4, 5, 6))
  const small = run(row(7))
  await turn()
  assert.equal(batches[0]?.rows, 6)
  batches[0]?.release()
  assert.equal(values(await large).length, 6)
  batches[1]?.release()
  assert.deepEqual(values(await small), [14])
})

test('a request that may not hold the thread that long is cut, and its answer is whole and in order', async () => {
  const { run, batches } = setUp({ sliceRows: 2 })
  const answer = run(row(1, 2, 3, 4, 5))
  for (let part = 0; part < 3; part++) {
    while (batches.length <= part) await turn()
    batches[part]?.release()
  }
  assert.deepEqual(values(await answer), [2, 4, 6, 8, 10])
  assert.deepEqual(
    batches.map(batch => batch.rows),
    [2, 2, 1],
  )
})

test('requests of other shapes never share a batch', async () => {
  const { run, batches, reports } = setUp()
  const held = run(row(0))
  await turn()
  const wide: Tensor = { name: 'x', datatype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) }
  const answers = [run(row(1)), run(wide), run(row(2))]
  batches[0]?.release()
  await held
  batches[1]?.release()
  await answers[0]
  batches[2]?.release()
  assert.deepEqual((await Promise.all(answers)).map(values), [[2], [2, 4], [4]])
  assert.deepEqual(
    reports.map(report => report.reason),
    ['drained', 'shape', 'drained'],
  )
})

test('inputs that disagree about their rows are never filled up with the rows of another request', async () => {
  const batches: string[] = []
  const batcher = createBatcher({
    lanes: [
      async inputs => {
        batches.push(inputs.map(input => `${input.name}${input.shape[0]}`).join())
        return { outputs: [], computeMs: 0 }
      },
    ],
    batching: true,
    maxRows: 10,
    queueLimitRows: 100,
    maxWaitMs: 1000,
    msPerRow: 0,
    now: () => 0,
    report: () => {},
  })
  const pair = (left: Tensor, right: Tensor) =>
    batcher.run({ inputs: [left, { ...right, name: 'z' }], outputs: [], timeoutMs: 1000 })
  const endless: Tensor = {
    name: 'x',
    datatype: 'FP32',
    shape: [Number.MAX_SAFE_INTEGER, 0],
    data: new Float32Array(0),
  }
  await Promise.all([
    pair(row(1), row(1)),
    pair(row(1), row(1, 2)),
    pair(row(1, 2), row(1)),
    pair(endless, endless),
    pair(row(1), row(1)),
  ])
  assert.deepEqual(batches, [
    'x2,z2',
    'x1,z2',
    'x2,z1',
    `x${Number.MAX_SAFE_INTEGER},z${Number.MAX_SAFE_INTEGER}`,
  ])
})

test('without batching every request is a run of its own', async () => {
  const { run, batches } = setUp({ batching: false })
  const answers = [run(row(1)), run(row(2))]
  await turn()
  assert.equal(batches.length, 1)
  batches[0]?.release()
  await answers[0]
  batches[1]?.release()
  assert.deepEqual((await Promise.all(answers)).map(values), [[2], [4]])
})

test('refuses with a time to come back when the queue is full, and takes work again when it is not', async () => {
  const { batcher, run, batches } = setUp({ queueLimitRows: 2 })
  const held = run(row(0))
  await turn()
  const waiting = [run(row(1)), run(row(2))]
  await assert.rejects(
    run(row(3)),
    (error: unknown) =>
      problem('model-overloaded')(error) && isProblem(error) && (error.retryAfterSeconds ?? 0) >= 1,
  )
  assert.deepEqual(batcher.waiting(), { requests: 2, rows: 2 })
  batches[0]?.release()
  await held
  batches[1]?.release()
  await Promise.all(waiting)
  const later = run(row(4))
  await turn()
  batches[2]?.release()
  assert.deepEqual(values(await later), [8])
})

test('what waits is bounded in bytes, not only in rows', async () => {
  const { run, batches } = setUp({ batching: false })
  const large = (): Tensor => ({
    name: 'x',
    datatype: 'FP32',
    shape: [1, 1],
    data: new Float32Array(24 * 1024 * 1024),
  })
  const held = run(row(0))
  await turn()
  const waiting = run(large())
  await assert.rejects(run(large()), problem('model-overloaded'))
  batches[0]?.release()
  await held
  batches[1]?.release()
  await waiting
})

test('refuses at once what would wait longer than allowed', async () => {
  const { run, batches } = setUp({ maxWaitMs: 5, msPerRow: 10 })
  const held = run(row(0))
  await turn()
  const waiting = run(row(1))
  await assert.rejects(run(row(2)), problem('model-overloaded'))
  batches[0]?.release()
  await held
  batches[1]?.release()
  await waiting
})

test('a request whose client went away is dropped before it costs a row, and frees its place', async () => {
  const { run, batches } = setUp({ queueLimitRows: 1 })
  const held = run(row(0))
  await turn()
  const controller = new AbortController()
  const gone = run(row(1), { signal: controller.signal })
  controller.abort()
  const next = run(row(2))
  await assert.rejects(gone, problem('client-closed'))
  batches[0]?.release()
  await held
  assert.deepEqual(
    batches.map(batch => batch.rows),
    [1, 1],
  )
  batches[1]?.release()
  assert.deepEqual(values(await next), [4])
})

test('a request is answered at its deadline, waiting or running, and later ones go on', async () => {
  const { run, batches, pass } = setUp()
  const running = run(row(0), { timeoutMs: 10 })
  await turn()
  const waiting = run(row(1), { timeoutMs: 10 })
  pass(11)
  await assert.rejects(running, problem('deadline-exceeded'))
  await assert.rejects(waiting, problem('deadline-exceeded'))
  const next = run(row(2))
  batches[0]?.release()
  while (batches.length < 2) await turn()
  batches[1]?.release()
  assert.deepEqual(values(await next), [4])
})

test('one bad input fails alone: the others of its batch are answered', async () => {
  const { run, batches } = setUp()
  const held = run(row(0))
  await turn()
  const bad = run(row(1))
  const good = run(row(2))
  batches[0]?.release()
  await held
  assert.equal(batches[1]?.rows, 2)
  batches[1]?.fail(new Error('index out of range'))
  while (batches.length < 3) await turn()
  batches[2]?.fail(new Error('index out of range'))
  await assert.rejects(bad, /index out of range/)
  while (batches.length < 4) await turn()
  batches[3]?.release()
  assert.deepEqual(values(await good), [4])
})

test('draining refuses new requests and settles when the accepted ones are answered', async () => {
  const { batcher, run, batches } = setUp()
  const accepted = run(row(1))
  await turn()
  let drained = false
  const drain = batcher.drain().then(() => {
    drained = true
  })
  await assert.rejects(run(row(2)), problem('model-not-loaded'))
  await turn()
  assert.equal(drained, false)
  batches[0]?.release()
  assert.deepEqual(values(await accepted), [2])
  await drain
})

test('1920 different inputs, 48 at a time, each get the answer of their own run', async () => {
  const reports: BatchReport[] = []
  const batcher = createBatcher({
    lanes: [
      async inputs => ({
        outputs: inputs.map(input => ({
          ...input,
          data: (input.data as Float32Array).map(value => value * 2),
        })),
        computeMs: 0,
      }),
    ],
    batching: true,
    maxRows: 7,
    queueLimitRows: 1000,
    maxWaitMs: 1000,
    msPerRow: 0,
    now: performance.now.bind(performance),
    report: report => reports.push(report),
  })
  let next = 0
  async function client(): Promise<void> {
    while (next < 1920) {
      const number = next++
      const input = number % 3 === 0 ? row(number, number + 0.5) : row(number)
      const answer = await batcher.run({ inputs: [input], outputs: ['x'], timeoutMs: 60_000 })
      assert.deepEqual(
        values(answer),
        [...(input.data as Float32Array)].map(value => value * 2),
      )
    }
  }
  await Promise.all(Array.from({ length: 48 }, client))
  assert.equal(
    reports.reduce((sum, report) => sum + report.requests, 0),
    1920,
  )
  assert.ok(reports.length < 1920, 'requests were joined')
  assert.ok(reports.every(report => report.rows <= 7))
})
