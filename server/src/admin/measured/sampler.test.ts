import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countLatency, createLatencyCounts } from '../../kit/latency.ts'
import { silentLog } from '../../kit/log.ts'
import { createPredictionCounts } from '../../predictions/prediction-counts.ts'
import { turnedClock } from '../../testing/turned-clock.ts'
import { until } from '../../testing/until.ts'
import type { Counted, Gauges, ModelSample, Sample } from './sample.ts'
import { coarseMs, createSampler } from './sampler.ts'

const nothing: Counted = {
  requests: 0,
  clientErrors: 0,
  serverErrors: 0,
  predictions: 0,
  failedPredictions: 0,
  cacheHits: 0,
  cacheMisses: 0,
  runs: 0,
  failedRuns: 0,
  jobs: 0,
  failedJobs: 0,
}
const idle: Gauges = {
  runsActive: null,
  queueWaiting: null,
  queueOldestSeconds: null,
  eventLoopP99Ms: 0,
  memoryBytes: 1,
  poolUsed: 0,
  poolWaiting: 0,
  modelsLoaded: 0,
  databaseBytes: null,
}
const sampleMs = 15_000
/** In the middle of a slot. */
const start = coarseMs * 1000 + 7000

function setUp() {
  const turned = turnedClock(start)
  let backMs = 0
  const clock = { ...turned, now: () => turned.now() - backMs }
  const now = { counted: { ...nothing }, gauges: { ...idle }, latency: createLatencyCounts() }
  const models = createPredictionCounts()
  const samples: Sample[] = []
  const ofModels: ModelSample[] = []
  const sampler = createSampler({
    sampleMs,
    counted: () => ({ ...now.counted }),
    latency: () => now.latency,
    models,
    gauges: async () => ({ ...now.gauges }),
    add(sample, more) {
      samples.push(sample)
      ofModels.push(...more)
    },
    clock,
    log: silentLog,
  })
  sampler.start()
  /** To the end of a slot; the sample is taken when the gauges have been read. */
  async function endSlot(ms = sampleMs) {
    const before = samples.length
    turned.turn(ms)
    await until(() => samples.length > before, 'a sample was taken')
  }
  const putBack = (ms: number) => {
    backMs = ms
  }
  const fine = () => samples.filter(({ isCoarse }) => !isCoarse)
  const coarse = () => samples.filter(({ isCoarse }) => isCoarse)
  return { now, models, sampler, putBack, endSlot, fine, coarse, samples, ofModels }
}

test('slots begin at multiples of their length, and hold what came in them', async () => {
  const { now, endSlot, fine } = setUp()
  now.counted.requests = 3
  countLatency(now.latency, 5)
  await endSlot()
  now.counted.requests = 10
  await endSlot()
  await endSlot()
  assert.deepEqual(
    fine().map(({ at, requests }) => [at.getTime() % sampleMs, requests]),
    [
      [0, 3],
      [0, 7],
      [0, 0],
    ],
  )
  assert.deepEqual(
    fine().map(({ latency }) => latency.counts),
    [[1], [], []],
  )
})

test('a count that was reset begins anew, and is never negative', async () => {
  const { now, endSlot, fine } = setUp()
  now.counted.cacheHits = 9
  await endSlot()
  now.counted.cacheHits = 2
  await endSlot()
  assert.deepEqual(
    fine().map(({ cacheHits }) => cacheHits),
    [9, 2],
  )
})

test('a long slot holds all of the short ones, and the worst of them', async () => {
  const { now, models, endSlot, coarse, ofModels } = setUp()
  for (let i = 0; i < coarseMs / sampleMs; i++) {
    now.counted.requests += 2
    now.gauges.poolWaiting = i === 4 ? 8 : 0
    if (i < 3) models.add('m', { inferenceTimeMs: 2, cached: false }, null)
    await endSlot()
  }
  assert.deepEqual(
    coarse().map(({ at, requests, poolWaiting }) => [at.getTime(), requests, poolWaiting]),
    [[coarseMs * 1000, 2 * (coarseMs / sampleMs), 8]],
  )
  assert.deepEqual(
    ofModels.map(({ calls, isCoarse }) => [calls, isCoarse]),
    [
      [1, false],
      [1, false],
      [1, false],
      [3, true],
    ],
  )
})

test('a model that nobody calls is forgotten, and counted from zero when it is called again', async () => {
  const { models, endSlot, ofModels } = setUp()
  models.add('m', { inferenceTimeMs: 2, cached: false }, null)
  for (let i = 0; i < (2 * coarseMs) / sampleMs; i++) await endSlot()
  assert.equal(models.byModel.size, 0)
  models.add('m', { inferenceTimeMs: 2, cached: true }, null)
  await endSlot()
  assert.deepEqual(
    ofModels.map(({ calls }) => calls),
    [1, 1, 1],
  )
})

test('what came since the last slot is written when the process stops', async () => {
  const { now, sampler, endSlot, samples } = setUp()
  await endSlot()
  now.counted.requests = 4
  await sampler.stop()
  assert.deepEqual(
    samples.slice(1).map(({ isCoarse, requests }) => [isCoarse, requests]),
    [
      [false, 4],
      [true, 4],
    ],
  )
})

test('a clock that is put back an hour costs no hour without samples', async () => {
  const { now, putBack, endSlot, fine, coarse } = setUp()
  putBack(3_600_000)
  await endSlot()
  now.counted.requests = 4
  await endSlot()
  const requests = (samples: typeof fine) => samples().map(({ at, requests }) => [at.getTime(), requests])
  const back = coarseMs * 1000 - 3_600_000
  assert.deepEqual(requests(fine), [
    [back, 0],
    [back + sampleMs, 4],
  ])
  assert.equal(coarse().length, 1)
})
