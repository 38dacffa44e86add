import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { Database } from '../ports/database.ts'
import {
  createProviderAdministration,
  type ProviderAdministration,
  type ProviderKeys,
  secretOf,
} from './administration.ts'
import { createCalls } from './calls.ts'
import { createDirectory } from './directory.ts'
import type { Providers } from './provider.ts'
import type { KeyedProvider, OpenLlm } from './provider-config.ts'
import { createProviderStore, type ProviderTables } from './store.ts'
import { createTargets } from './targets.ts'

export type ProviderRoom = Providers & {
  readonly administration: ProviderAdministration
  /** Reads what there is; before it there is no provider. */
  open(): Promise<void>
  /** Calls under way are waited for. */
  close(): Promise<void>
}

/** The providers of language models: which there are, and calls of the first that answers. */
export function createProviders(dependencies: {
  database: Database<ProviderTables>
  keys: ProviderKeys & { reveal(name: string): Promise<string | null> }
  /** Of the environment, and the demo. */
  fixed: readonly KeyedProvider[]
  openLlm: OpenLlm
  bus: Bus
  clock: Clock
  log: Log
}): ProviderRoom {
  const { database, keys, clock, log } = dependencies
  const store = createProviderStore(database.system)
  const directory = createDirectory({
    ...dependencies,
    read: store.list,
    readKey: name => keys.reveal(secretOf(name)),
  })
  const { find, findFor, models, chainOf, candidateOf } = createTargets(directory)

  return {
    find,
    findFor,
    models,
    withFallbacks: targets => chainOf(targets).map(({ target }) => target),
    ...createCalls({ chainOf, candidateOf, clock, log }),
    administration: createProviderAdministration({ database, keys, directory, clock }),
    open: directory.refresh,
    close: directory.close,
  }
}
