import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { isProblem, type Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import { openFolderStore } from '../adapters/files/folder.ts'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import { createCatalogue } from '../models/catalogue.ts'
import type { Model } from '../models/model.ts'
import { createRegistry, type ModelDraft, type Registry } from '../models/registry.ts'
import { createServing, type Serving } from '../models/serving.ts'
import { createShelf, type Shelf } from '../models/shelf.ts'
import { createModelStore, type ModelStore, type ModelTables } from '../models/store.ts'
import type { Database } from '../ports/database.ts'
import type { FileStore } from '../ports/file-store.ts'
import { commandedLoader } from './commanded-loader.ts'
import { defer, type Scope } from './defer.ts'
import { openTestDatabase } from './open-test-database.ts'
import { temporaryFolder } from './temporary-folder.ts'

export type ModelRooms = {
  database: Database<ModelTables>
  /** Sees and changes every row. */
  system: ModelStore
  shelf: Shelf
  serving: Serving
  registry: Registry
  /** The same without row-level security: what is left is the check in memory. */
  unguarded: { serving: Serving; registry: Registry }
  files: FileStore
  push(caller: Caller, name: string, change?: Partial<ModelDraft>): Promise<Model>
  storedKeys(): Promise<string[]>
}

/** The models room on a real database and folder, with a loader that loads anything. */
export async function openModelRooms(
  scope: Scope,
  { maxSizeBytes = 1000, clock = systemClock } = {},
): Promise<ModelRooms> {
  const { database } = await openTestDatabase<ModelTables>(scope, { max: 3, systemMax: 2 })
  const system = createModelStore(database.system)
  const bus = createInProcessBus()
  defer(scope, bus.close)
  const files = await openFolderStore({ folder: await temporaryFolder(scope) })
  const catalogue = createCatalogue({ store: system, bus, log: silentLog })
  defer(scope, catalogue.close)
  const { loader: commanded, loads } = commandedLoader()
  const loader: typeof commanded = {
    load(source) {
      const loading = commanded.load(source)
      loads.at(-1)?.succeed()
      return loading
    },
  }
  const shelf = createShelf({
    loader,
    clock,
    log: silentLog,
    idleSeconds: 600,
    memoryBytes: 1e9,
    required: [],
  })
  defer(scope, shelf.close)

  function rooms(over: Database<ModelTables>): { serving: Serving; registry: Registry } {
    const common = { catalogue, shelf, database: over, log: silentLog }
    const serving = createServing({ ...common, clock, required: [], preloadBytes: 0 })
    const registry = createRegistry({
      ...common,
      files,
      loader,
      serving,
      clock,
      ids: createIds(),
      maxSizeBytes,
      onRemove() {},
    })
    return { serving, registry }
  }

  const { serving, registry } = rooms(database)
  return {
    database,
    system,
    shelf,
    serving,
    registry,
    files,
    unguarded: rooms({ ...database, as: (_caller, work) => database.asSystem(work) }),
    async push(caller, name, change = {}) {
      const upload = await registry.receive(caller, Readable.from([Buffer.from('bytes')]))
      return registry.push(caller, { name, ...change }, upload)
    },
    async storedKeys() {
      const keys: string[] = []
      for await (const { key } of files.list('objects/')) keys.push(key)
      return keys.sort()
    },
  }
}

/** What the caller hears. */
export async function refusal(work: () => unknown): Promise<Problem> {
  try {
    await work()
  } catch (error) {
    if (isProblem(error)) return error
    throw error
  }
  return assert.fail('it was not refused')
}
