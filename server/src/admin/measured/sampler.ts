import type { Clock } from '../../kit/clock.ts'
import type { LatencyCounts } from '../../kit/latency.ts'
import type { Log } from '../../kit/log.ts'
import type { ModelCounts, PredictionCounts } from '../../predictions/prediction-counts.ts'
import {
  type Counted,
  countedSince,
  type Gauges,
  highest,
  type ModelSample,
  type Sample,
  timesSince,
} from './sample.ts'

/** Writes down, slot by slot, what this process counted and how it stood. */
export type Sampler = {
  start(): void
  /** What came since the last slot is written too. */
  stop(): Promise<void>
}

/** Twenty of the usual fine slots. */
export const coarseMs = 300_000

/** Calls of more models than these in one slot are not written: those with the fewest. */
const mostModels = 500

/** Counts as they were when the last slot of this length ended. */
type Level = {
  readonly isCoarse: boolean
  readonly slotMs: number
  /** Begin of the slot that is under way. */
  slotAt: number
  counted: Counted
  latency: LatencyCounts
  models: Map<string, ModelCounts>
  peak: Gauges | undefined
}

export function createSampler(dependencies: {
  /** Fine slots begin at multiples of it, in all processes, so that theirs can be added up. */
  sampleMs: number
  counted: () => Counted
  latency: () => Readonly<LatencyCounts>
  models: Pick<PredictionCounts, 'byModel' | 'forget'>
  /** May ask the database; never rejects. */
  gauges: () => Promise<Gauges>
  /** Written behind. */
  add: (sample: Sample, models: readonly ModelSample[]) => void
  clock: Clock
  log: Log
}): Sampler {
  const { sampleMs, counted, latency, models, gauges, add, clock, log } = dependencies
  let levels: Level[] = []
  let cancel: (() => void) | undefined
  let sampling: Promise<void> = Promise.resolve()

  function levelOf(isCoarse: boolean, slotMs: number): Level {
    return {
      isCoarse,
      slotMs,
      slotAt: beginOf(clock.now(), slotMs),
      counted: counted(),
      latency: latency().slice(),
      models: copyOf(models.byModel),
      peak: undefined,
    }
  }

  function schedule(): void {
    // Timers may ring a little early.
    cancel = clock.after(sampleMs - (clock.now() % sampleMs) + 5, () => {
      schedule()
      sampling = sampling
        .then(() => take(false))
        .catch(error => log.warn('metric-sample-fail', { err: error }))
    })
  }

  async function take(isLast: boolean): Promise<void> {
    const now = clock.now()
    const current = await gauges()
    for (const level of levels) {
      level.peak = level.peak ? highest(level.peak, current) : current
      const begin = beginOf(now, level.slotMs)
      // A clock that was put back far would else end no slot until it is where it was; by a little, it waits.
      if (isLast || begin > level.slotAt || begin < level.slotAt - level.slotMs) end(level, now)
    }
  }

  function end(level: Level, now: number): void {
    const { isCoarse, slotMs, peak } = level
    if (!peak) return
    // A process that was held up ends one long slot, the last that is over; so does one whose clock was put back.
    const lastAt = beginOf(now, slotMs) - slotMs
    const at = new Date(lastAt < level.slotAt - 2 * slotMs ? lastAt : Math.max(level.slotAt, lastAt))
    const next = levelOf(isCoarse, slotMs)
    const called = [...next.models].flatMap(([modelId, counts]) => {
      const before = level.models.get(modelId)
      const calls = counts.calls - (before?.calls ?? 0)
      const sample = {
        modelId,
        at,
        isCoarse,
        calls,
        errors: counts.errors - (before?.errors ?? 0),
        cacheHits: counts.cacheHits - (before?.cacheHits ?? 0),
        times: timesSince(counts.times, before?.times),
      }
      return calls > 0 ? [sample] : []
    })
    if (called.length > mostModels) called.sort((a, b) => b.calls - a.calls).length = mostModels
    add(
      {
        ...countedSince(next.counted, level.counted),
        ...peak,
        at,
        isCoarse,
        latency: timesSince(next.latency, level.latency),
      },
      called,
    )
    if (isCoarse) forgetIdle(level.models, next.models)
    Object.assign(level, next, { slotAt: beginOf(now, slotMs) })
  }

  /** Counted from zero when somebody calls them again. */
  function forgetIdle(before: Level['models'], now: Level['models']): void {
    for (const [modelId, { calls }] of now) {
      if (before.get(modelId)?.calls !== calls) continue
      models.forget(modelId)
      now.delete(modelId)
      for (const level of levels) level.models.delete(modelId)
    }
  }

  return {
    start() {
      levels = [levelOf(false, sampleMs), levelOf(true, coarseMs)]
      schedule()
    },
    async stop() {
      cancel?.()
      await sampling
      if (levels.length > 0) await take(true)
      levels = []
    },
  }
}

function beginOf(time: number, slotMs: number): number {
  return Math.floor(time / slotMs) * slotMs
}

function copyOf(counts: ReadonlyMap<string, ModelCounts>): Map<string, ModelCounts> {
  return new Map([...counts].map(([id, of]) => [id, { ...of, times: of.times.slice() }]))
}
