import { Problem } from '@roundhouse/sdk/contract'
import type { Database, DatabaseCaller } from '../ports/database.ts'
import type { Discard } from './discard.ts'
import { isFileOfModel, refusedForModel } from './model-files.ts'
import { checkBucketName } from './names.ts'
import { mayEverything, maySeeBucket, noBucket } from './rules.ts'
import {
  type Bucket,
  type BucketChange,
  type BucketFilter,
  createFilesStore,
  type FileTables,
} from './store.ts'

export type BucketDraft = {
  id: string
  public: boolean
  /** Users read and add everywhere in it; absent for no. */
  open_folders?: boolean
  file_size_limit: number | null
  allowed_mime_types: string[] | null
}

/** What lies there is its owner's alone. Also constraints of the database. */
export const closedBuckets: ReadonlyMap<string, string> = new Map([
  ['batches', 'what users have paid for'],
  ['knowledge', 'documents of users'],
])
/** Above this a bucket is not emptied by one call. */
const mostEmptied = 200_000
const emptiedAtATime = 1000

/**
 * Buckets are made and changed by administrators and the service-role key, and each act is in the audit log. Users see
 * those that are not internal, callers without a credential the public ones.
 */
export type Buckets = ReturnType<typeof createBuckets>

export function createBuckets(dependencies: {
  database: Database<FileTables>
  discard: Discard
  /** No bucket may allow more. */
  maxFileBytes: number
}) {
  const { database, discard, maxFileBytes } = dependencies

  function checkLimit(limit: number | null | undefined): void {
    if (limit === null || limit === undefined || limit <= maxFileBytes) return
    throw new Problem(
      'payload-too-large',
      `file_size_limit: ${limit} bytes is more than this server takes, MAX_FILE_SIZE_BYTES, ${maxFileBytes}.`,
    )
  }

  return {
    /** @throws Problem `invalid-bucket-name`, `bucket-exists`, `forbidden`, `payload-too-large` */
    async create(caller: DatabaseCaller, draft: BucketDraft): Promise<Bucket> {
      mustManage(caller)
      checkBucketName(draft.id)
      checkLimit(draft.file_size_limit)
      return database.as(caller, async (db, audit) => {
        const bucket = await createFilesStore(db).insertBucket({ ...draft, owner_id: caller.userId })
        if (!bucket) throw new Problem('bucket-exists', `There is a bucket ${draft.id} already.`)
        await audit('bucket-create', draft.id, { public: draft.public, open_folders: bucket.open_folders })
        return bucket
      })
    },

    /** @throws Problem `bucket-not-found`, `unauthenticated` */
    async get(caller: DatabaseCaller, id: string): Promise<Bucket> {
      return database.as(caller, db => visibleBucket(caller, createFilesStore(db), id))
    },

    async list(caller: DatabaseCaller, filter: BucketFilter): Promise<Bucket[]> {
      const buckets = await database.as(caller, db => createFilesStore(db).buckets(filter))
      return buckets.filter(bucket => maySeeBucket(caller, bucket))
    },

    /** Absent fields stay as they are. @throws Problem `bucket-not-found`, `forbidden`, `payload-too-large`, `conflict` */
    async update(caller: DatabaseCaller, id: string, change: BucketChange): Promise<void> {
      mustManage(caller)
      checkLimit(change.file_size_limit)
      await database.as(caller, async (db, audit) => {
        const store = createFilesStore(db)
        const bucket = await visibleBucket(caller, store, id)
        if (bucket.internal && (change.public || change.open_folders))
          throw new Problem('conflict', `The bucket ${id} is for administrators alone and cannot be opened.`)
        if (closedBuckets.has(id) && (change.public || change.open_folders))
          throw new Problem(
            'conflict',
            `The bucket ${id} holds ${closedBuckets.get(id)} and cannot be opened.`,
          )
        await store.changeBucket(id, change)
        await audit('bucket-update', id, change)
      })
    },

    /**
     * Removes every object in it; their bytes go soon after.
     * @throws Problem `bucket-not-found`, `forbidden`, `conflict` above 200,000 objects or with files of models in it.
     */
    async empty(caller: DatabaseCaller, id: string): Promise<void> {
      mustManage(caller)
      await database.as(caller, async (db, audit) => {
        const store = createFilesStore(db)
        await visibleBucket(caller, store, id)
        if ((await store.countObjects(id, mostEmptied + 1)) > mostEmptied)
          throw new Problem(
            'conflict',
            `The bucket ${id} holds more than ${mostEmptied} objects: remove some first.`,
          )
        if (await store.holdsModelFiles(id)) throw isFileOfModel()
        await audit('bucket-empty', id)
      })
      for (;;) {
        const removed = await database
          .as(caller, db => createFilesStore(db).removeSome(id, emptiedAtATime))
          .catch(error => {
            throw refusedForModel(error) ?? error
          })
        if (removed.length === 0) return
        discard.later(removed.map(object => object.version))
      }
    },

    /** @throws Problem `bucket-not-found`, `bucket-not-empty`, `forbidden`, `conflict` */
    async remove(caller: DatabaseCaller, id: string): Promise<void> {
      mustManage(caller)
      await database.as(caller, async (db, audit) => {
        const store = createFilesStore(db)
        const bucket = await visibleBucket(caller, store, id)
        // Made anew it could be open to everyone.
        if (bucket.internal || closedBuckets.has(id))
          throw new Problem('conflict', `The bucket ${id} is the server's own and cannot be removed.`)
        if ((await store.removeBucket(id)) === 'full')
          throw new Problem('bucket-not-empty', `The bucket ${id} is not empty. Empty it first.`)
        await audit('bucket-remove', id)
      })
    },
  }
}

/** @throws Problem `bucket-not-found`, `unauthenticated` */
export async function visibleBucket(
  caller: DatabaseCaller,
  store: { bucket(id: string): Promise<Bucket | null> },
  id: string,
): Promise<Bucket> {
  // PostgreSQL has no text with a NUL in it.
  const bucket = id.includes('\0') ? null : await store.bucket(id)
  if (bucket && maySeeBucket(caller, bucket)) return bucket
  throw noBucket(caller, id)
}

function mustManage(caller: DatabaseCaller): void {
  if (!mayEverything(caller))
    throw new Problem('forbidden', 'Buckets are made and changed by administrators and the service-role key.')
}
