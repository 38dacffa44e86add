import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Database } from '../ports/database.ts'
import type { FileStore } from '../ports/file-store.ts'
import { type Buckets, createBuckets } from './buckets.ts'
import { createDiscard } from './discard.ts'
import { createLinkTokens } from './links.ts'
import { createListing, type Listing } from './listing/listing.ts'
import { createObjects, type Objects } from './objects.ts'
import { intoObjects } from './resumable/into-objects.ts'
import { createResumable, type Resumable } from './resumable/resumable.ts'
import { createLinks, type Links } from './signing.ts'
import type { FileTables } from './store.ts'
import { ownsStore } from './sweep/installation.ts'
import { createSweepStore } from './sweep/store.ts'
import { sweepObjects } from './sweep/sweep.ts'

/** Buckets, the objects in them, lists of them and signed links to them. */
export type Files = {
  buckets: Buckets
  objects: Objects
  listing: Listing
  links: Links
  resumable: Resumable
  /** At start: marks a new file store as this database's. False when it is of another; then nothing is ever swept. */
  ownsStore(): Promise<boolean>
  /** Hourly. @param now Milliseconds since the epoch. */
  sweep(now: number): Promise<void>
  /** Waits for bytes that are being removed, up to the limit. */
  close(limitMs: number): Promise<void>
}

export function createFiles(dependencies: {
  database: Database<FileTables>
  files: FileStore
  ids: Ids
  clock: Clock
  log: Log
  /** Signed links are made with keys derived from the first, and checked with all. */
  secretKeys: readonly string[]
  /** No file is larger, whatever its bucket says. */
  maxFileBytes: number
}): Files {
  const { database, files, ids, clock, log, secretKeys } = dependencies
  const discard = createDiscard({ files, log })
  const objects = createObjects({ ...dependencies, discard })
  const tokens = createLinkTokens({ secretKeys, clock })
  const resumable = createResumable({ ...dependencies, target: intoObjects(objects, tokens) })
  const sweepStore = createSweepStore(database.system)
  const owns = () => ownsStore({ store: sweepStore, files, ids, log })
  return {
    objects,
    resumable,
    buckets: createBuckets({ ...dependencies, discard }),
    listing: createListing({ database }),
    links: createLinks({ database, objects, tokens, clock }),
    ownsStore: owns,
    async sweep(now) {
      if (!(await owns())) return
      await sweepObjects({ store: sweepStore, files, log }, now)
      await resumable.sweep()
    },
    close: discard.close,
  }
}
