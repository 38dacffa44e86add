import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { createWriteBehind } from '../../kit/write-behind.ts'
import type { Tracer } from '../../ports/tracer.ts'
import { spansOfRun } from './run-spans.ts'
import type { TelemetryStore } from './store.ts'

/** Runs that have ended, told as spans. Nobody waits for it. */
export type RunTelemetry = {
  /** The run is read from its rows, as soon as the transaction that ends it is over. */
  ended(runId: string): void
  close(timeoutMs: number): Promise<void>
}

type Told = { readonly id: string; readonly looks: number }

/** A tenth of a second apart. */
const mostLooks = 20

export function createRunTelemetry(dependencies: {
  store: TelemetryStore
  /** Null: nobody asks for spans, and nothing is read. */
  tracer: Tracer | null
  clock: Clock
  log: Log
}): RunTelemetry {
  const { store, tracer, clock, log } = dependencies
  if (!tracer) return { ended() {}, close: async () => {} }
  const behind = createWriteBehind<Told>({
    async insert(told) {
      const ids = new Set(told.map(({ id }) => id))
      for (const run of await store.ended([...ids])) {
        ids.delete(run.run.id)
        spansOfRun(run).forEach(tracer.span)
      }
      // Not committed yet, or rolled back.
      for (const { id, looks } of told)
        if (looks < mostLooks && ids.delete(id)) behind.add({ id, looks: looks + 1 })
    },
    charsOf: () => 0,
    name: 'run-span',
    clock,
    log,
  })
  return { ended: id => behind.add({ id, looks: 1 }), close: behind.close }
}
