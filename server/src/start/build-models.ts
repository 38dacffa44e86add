import { totalmem } from 'node:os'
import { createOnnxRuntime } from '../adapters/onnx/runtime.ts'
import type { Files } from '../files/files.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import { artifactsInFiles } from '../models/artifacts-in-files.ts'
import { type Catalogue, createCatalogue } from '../models/catalogue.ts'
import { createModelFetcher, type ModelFetcher } from '../models/fetch.ts'
import { firstSource } from '../models/first-source.ts'
import { createLoader } from '../models/loader.ts'
import { type Model, metricLabels } from '../models/model.ts'
import { createRegistry, type Registry } from '../models/registry.ts'
import { createServing, type Serving } from '../models/serving.ts'
import { createShelf, type Shelf } from '../models/shelf.ts'
import { createModelStore } from '../models/store.ts'
import type { Metrics } from '../ports/metrics.ts'
import { type Ground, lanes } from './choose.ts'
import type { Declared } from './declared-models.ts'
import type { Config } from './settings.ts'

export type BuiltModels = {
  shelf: Shelf
  catalogue: Catalogue
  serving: Serving
  registry: Registry
  fetcher: ModelFetcher
}

/** Models: which there are, which are warm, which answers, and how new ones come. `onRemove` is told of each that goes. */
export async function buildModels(
  config: Config,
  { database, bus, files, artifacts }: Ground,
  declared: Declared,
  rooms: {
    storage: Files
    /** Made later than this, from what is built here. */
    metrics: () => Pick<Metrics, 'batch' | 'forget'>
    onRemove: (model: Model) => void
    clock: Clock
    ids: Ids
    log: Log
  },
): Promise<BuiltModels> {
  const { storage, metrics, onRemove, clock, ids, log } = rooms
  const runtime = createOnnxRuntime({ log })
  await runtime.prepare()
  const loader = createLoader({
    files,
    runtime,
    log,
    now: () => performance.now(),
    lanes: lanes(config),
    reportBatch(model, batch) {
      // A run that ends after its model was removed would be measured for ever.
      if (catalogue.byId(model.id)) metrics().batch({ ...metricLabels(model), ...batch })
    },
  })
  const required = [
    ...new Set([
      ...config.REQUIRED_MODELS,
      ...declared.models.filter(model => model.required).map(({ name }) => name),
    ]),
  ]
  const memoryBytes = config.MODEL_MEMORY_BYTES ?? (process.constrainedMemory() || totalmem()) / 2
  const shelf = createShelf({
    loader,
    clock,
    log,
    idleSeconds: config.CACHE_MODEL_TTL,
    memoryBytes,
    required,
  })
  const store = createModelStore(database.system)
  const catalogue = createCatalogue({
    store,
    bus,
    log,
    onGone(model) {
      const labels = metricLabels(model)
      metrics().forget(labels.model, labels.version)
    },
  })
  const serving = createServing({
    catalogue,
    shelf,
    database,
    clock,
    log,
    required,
    preloadBytes: memoryBytes / 4,
  })
  const registry = createRegistry({
    database,
    files,
    loader,
    shelf,
    catalogue,
    serving,
    clock,
    ids,
    log,
    maxSizeBytes: config.MAX_MODEL_SIZE_BYTES,
    onRemove,
  })
  const fetcher = createModelFetcher({
    models: declared.models,
    source: firstSource([artifactsInFiles(storage.objects), ...artifacts]),
    registry,
    files,
    store,
    clock,
    ids,
    log,
  })
  return { shelf, catalogue, serving, registry, fetcher }
}
