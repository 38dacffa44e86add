import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Database } from '../ports/database.ts'
import type { FileStore } from '../ports/file-store.ts'
import { type Buckets, createBuckets } from './buckets.ts'
import { createLinkTokens } from './links.ts'
import { createListing, type Listing } from './listing/listing.ts'
import { createObjects, type Objects } from './objects.ts'
import { intoObjects } from './resumable/into-objects.ts'
import { createResumable, type Resumable } from './resumable/resumable.ts'
import { createLinks, type Links } from './signing.ts'
import { createFilesStore, type FileTables } from './store.ts'
import { sweepObjects } from './sweep.ts'

/** Buckets, the objects in them, lists of them and signed links to them. */
export type Files = {
  buckets: Buckets
  objects: Objects
  listing: Listing
  links: Links
  resumable: Resumable
  /** Hourly. @param now Milliseconds since the epoch. */
  sweep(now: number): Promise<void>
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
  const { database, files, clock, log, secretKeys } = dependencies
  const objects = createObjects(dependencies)
  const tokens = createLinkTokens({ secretKeys, clock })
  const resumable = createResumable({ ...dependencies, target: intoObjects(objects, tokens) })
  return {
    objects,
    resumable,
    buckets: createBuckets(dependencies),
    listing: createListing({ database }),
    links: createLinks({ database, objects, tokens, clock }),
    async sweep(now) {
      await sweepObjects({ store: createFilesStore(database.system), files, log }, now)
      await resumable.sweep()
    },
  }
}
