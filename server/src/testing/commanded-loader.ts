import type { LoadedModel, Loader, LoadSource } from '../models/loader.ts'
import type { Model } from '../models/model.ts'
import { createStatistics } from '../models/statistics.ts'

/** One call of `load`, which ends when and how the test says. */
export type CommandedLoad = {
  readonly source: LoadSource
  /** What `succeed` gave. */
  readonly loaded: LoadedModel
  readonly closed: () => boolean
  succeed(): void
  fail(error: unknown): void
  /** As when the thread of its session ends. */
  kill(): void
  /** `close` waits from now on for the release it returns, as for a run in progress. */
  holdClose(): () => void
}

/** A loader whose every load ends on command: real ones cannot be told to fail, nor when to be done. */
export function commandedLoader(): { loader: Loader; loads: CommandedLoad[] } {
  const loads: CommandedLoad[] = []
  return {
    loads,
    loader: {
      load(source) {
        const outcome = Promise.withResolvers<LoadedModel>()
        let alive = true
        let closed = false
        let held = Promise.resolve()
        const loaded: LoadedModel = {
          source,
          signature: { inputs: [], outputs: [] },
          facts: {
            format: 'onnx',
            properties: {},
            deterministic: true,
            boundedCost: true,
            mayCrash: false,
            takesEmpty: true,
          },
          plan: { place: 'thread', batching: false, maxRows: 1, msPerRow: 1, note: null, curve: [] },
          loadMs: 12.4,
          loadedAt: 0,
          sizeBytes: source.file_size_bytes ?? 0,
          statistics: createStatistics(),
          run: async () => ({ outputs: [], computeMs: 1, queueMs: 0, batchRows: 1 }),
          waiting: () => ({ requests: 0, rows: 0 }),
          runningMs: () => 0,
          alive: () => alive,
          async close() {
            await held
            closed = true
          },
        }
        loads.push({
          source,
          loaded,
          closed: () => closed,
          succeed: () => outcome.resolve(loaded),
          fail: outcome.reject,
          kill() {
            alive = false
          },
          holdClose() {
            const { promise, resolve } = Promise.withResolvers<void>()
            held = promise
            return resolve
          },
        })
        return outcome.promise
      },
    },
  }
}

/** A row that is ready to be served; its id is `name@version`. */
export function modelRow(name: string, version = '1', change: Partial<Model> = {}): Model {
  return {
    id: `${name}@${version}`,
    number: Number(version),
    owner_id: null,
    name,
    version,
    description: null,
    status: 'ready',
    error: null,
    visibility: 'private',
    price: 0,
    kind: null,
    format: 'onnx',
    file_key: 'models/a',
    file_hash: '0'.repeat(64),
    file_size_bytes: 1000,
    input_schema: [],
    output_schema: [],
    metadata: {},
    unloaded: false,
    last_used_at: null,
    created_at: new Date(0),
    updated_at: new Date(0),
    ...change,
  }
}
