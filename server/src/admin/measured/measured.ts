import type { AdminMetrics, ModelMetrics } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Ids } from '../../kit/ids.ts'
import type { Log } from '../../kit/log.ts'
import { createWriteBehind } from '../../kit/write-behind.ts'
import type { Model, ModelTarget } from '../../models/model.ts'
import type { Database } from '../../ports/database.ts'
import type { AdminTables } from '../store.ts'
import { adminColumns, modelColumns } from './columns.ts'
import { coarseMs, createSampler } from './sampler.ts'
import { type Asked, fineKeptMs, spanOf } from './span.ts'
import { createMeasuredStore, type SampleRow } from './store.ts'

/** What was measured over time, by all processes. */
export type Measured = {
  /** For administrators. @throws Problem `invalid-request`. */
  house(caller: Caller, asked: Asked): Promise<AdminMetrics>
  /** Calls of a model by everyone, for who may see it. @throws Problem `invalid-request`, `model-not-found`. */
  model(caller: Caller, modelId: string, asked: Asked): Promise<ModelMetrics>
  /** From now on this process measures. */
  start(): void
  /** Forgets what is older than its retention. */
  sweep(): Promise<void>
  /** What came last is written too, as far as a second lets it. */
  close(): Promise<void>
}

const sweepRows = 2000
const closeMs = 1000

export function createMeasured(
  dependencies: Omit<Parameters<typeof createSampler>[0], 'add'> & {
    database: Database<AdminTables>
    row: (caller: Caller, target: ModelTarget) => Model | Promise<Model>
    retentionDays: number
    ids: Ids
    clock: Clock
    log: Log
  },
): Measured {
  const { database, row, sampleMs, retentionDays, ids, clock, log } = dependencies
  const store = createMeasuredStore(database.system)
  const process = ids.uuid()
  const written = createWriteBehind<SampleRow>({
    insert: store.insert,
    charsOf: () => 1000,
    name: 'metrics',
    clock,
    log,
  })
  const sampler = createSampler({
    ...dependencies,
    add(sample, models) {
      written.add({ tag: 'process', process, sample })
      for (const model of models) written.add({ tag: 'model', process, sample: model })
    },
  })
  const slots = { fineMs: sampleMs, coarseMs }

  return {
    async house(caller, asked) {
      const span = spanOf(asked, slots, clock.now())
      return database.as(caller, async db => {
        const store = createMeasuredStore(db)
        const measured = { points: await store.points(span), times: await store.times(span) }
        return adminColumns(span, slotOf(span), await store.since(), measured)
      })
    },

    async model(caller, modelId, asked) {
      await row(caller, { id: modelId })
      const span = spanOf(asked, slots, clock.now())
      // Since when there are numbers is no secret, and behind the wall.
      const since = await store.since()
      return database.as(caller, async db => {
        const store = createMeasuredStore(db)
        const measured = {
          points: await store.modelPoints(modelId, span),
          times: await store.modelTimes(modelId, span),
        }
        return modelColumns(modelId, span, slotOf(span), since, measured)
      })
    },

    start: sampler.start,

    async sweep() {
      const now = clock.now()
      const coarse = new Date(now - retentionDays * 86_400_000)
      const fine = new Date(Math.max(now - fineKeptMs - coarseMs, coarse.getTime()))
      while (await store.removeOlderThan(fine, false, sweepRows));
      while (await store.removeOlderThan(coarse, true, sweepRows));
    },

    async close() {
      await sampler.stop()
      await written.close(closeMs)
    },
  }

  function slotOf({ isCoarse }: { isCoarse: boolean }): number {
    return isCoarse ? coarseMs : sampleMs
  }
}
