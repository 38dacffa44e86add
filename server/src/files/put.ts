import type { Readable } from 'node:stream'
import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Database, DatabaseCaller } from '../ports/database.ts'
import type { FileStore, StoredFile } from '../ports/file-store.ts'
import { visibleBucket } from './buckets.ts'
import {
  checkMetadata,
  type DetailChanges,
  type ObjectDetails,
  readableHeader,
  withoutUndefined,
} from './details.ts'
import { createDiscard, keyOf } from './discard.ts'
import { checkContentType } from './media-types.ts'
import { checkObjectName } from './names.ts'
import { isAdministrative, mayAdd, mayChange, mayNotWrite, mayRead, noObject } from './rules.ts'
import { type Bucket, createFilesStore, type FileTables, type NewObject, type StoredObject } from './store.ts'

export type Upload = ObjectDetails & {
  bucket: string
  name: string
  source: Readable
  /** Whether an object of this name is replaced; else it is refused. */
  upsert: boolean
  /** What the client announces, to refuse early what is too large. */
  sizeBytes?: number | undefined
  /** A limit of this upload, beside those of the bucket and the server. */
  maxBytes?: number | undefined
  /** Called once the bytes are there: details that came behind them. */
  finish?: (() => Promise<DetailChanges>) | undefined
  /** Runs in the transaction that makes the object visible; when it rejects there is no object. */
  alongside?: ((db: Kysely<FileTables>) => Promise<void>) | undefined
}

export type WriteRequest = {
  upsert: boolean
  /** When it is known already. */
  contentType?: string | undefined
  /** When the client announces it. */
  sizeBytes?: number | undefined
}

/** Of a write that may begin. */
export type WriteGrant = { bucket: Bucket; maxBytes: number }

export type ObjectCopy = {
  bucket: string
  name: string
  toBucket: string
  toName: string
  upsert: boolean
  /** Instead of what the source has. */
  details?: DetailChanges
}

/** Holds nothing: clients make it to show an empty folder. */
const placeholder = '.emptyFolderPlaceholder'

/**
 * Bytes first, durable under a name of their own, then the row that names them, in one transaction: whatever fails or
 * dies before leaves nothing that anyone sees. What a replaced object had goes after it.
 */
export function createPut(dependencies: {
  database: Database<FileTables>
  files: FileStore
  ids: Ids
  log: Log
  maxFileBytes: number
}) {
  const { database, files, ids, log, maxFileBytes } = dependencies
  const discard = createDiscard({ files, log })

  /**
   * Whether the write may begin, before a byte of it is read.
   * @throws Problem `invalid-object-name`, `bucket-not-found`, `forbidden`, `object-exists`, `unsupported-media-type`,
   *   `payload-too-large`
   */
  async function authorizeWrite(
    caller: DatabaseCaller,
    bucketId: string,
    name: string,
    { upsert, contentType, sizeBytes = 0 }: WriteRequest,
  ): Promise<WriteGrant> {
    checkObjectName(name)
    const { bucket, before } = await database.as(caller, async db => {
      const store = createFilesStore(db)
      const bucket = await visibleBucket(caller, store, bucketId)
      return { bucket, before: mayAdd(caller, bucket, name) ? await store.object(bucketId, name) : null }
    })
    if (!mayAdd(caller, bucket, name)) throw mayNotWrite(caller, bucket)
    refuseReplacing(caller, bucket, before, upsert)
    const isPlaceholder = name.endsWith(placeholder)
    if (!isPlaceholder && contentType !== undefined) checkContentType(contentType, bucket)
    const maxBytes = isPlaceholder ? 0 : Math.min(maxFileBytes, bucket.file_size_limit ?? maxFileBytes)
    if (sizeBytes > maxBytes)
      throw new Problem(
        'payload-too-large',
        `The file has ${sizeBytes} bytes; the bucket ${bucketId} takes up to ${maxBytes}.`,
      )
    return { bucket, maxBytes }
  }

  /** Names the stored bytes, or drops them. */
  async function name(
    caller: DatabaseCaller,
    bucket: Bucket,
    object: NewObject,
    upsert: boolean,
    alongside?: Upload['alongside'],
  ): Promise<StoredObject> {
    const { row, old } = await database
      .as(caller, async (db, audit) => {
        const store = createFilesStore(db)
        await store.lockName(object.bucket_id, object.name)
        const before = await store.object(object.bucket_id, object.name)
        refuseReplacing(caller, bucket, before, upsert)
        const row = await store.putObject(object)
        await alongside?.(db)
        if (before && isAdministrative(caller, before))
          await audit('object-replace', before.id, { bucket: bucket.id, owner_id: before.owner_id })
        return { row, old: before?.version }
      })
      .catch(error => {
        throw refused(caller, bucket, error)
      })
    if (old !== undefined) await discard([old])
    return row
  }

  /** When the database fell silent a row may name the bytes all the same; then the sweep decides. */
  async function keepOrDrop<Result>(version: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      if (!isProblem(error) || error.code !== 'database-unavailable') await discard([version])
      throw error
    }
  }

  async function put(caller: DatabaseCaller, upload: Upload): Promise<StoredObject> {
    const { bucket, maxBytes } = await authorizeWrite(caller, upload.bucket, upload.name, upload)
    const version = ids.uuid()
    const stored = await files.put(keyOf(version), upload.source, {
      maxBytes: Math.min(maxBytes, upload.maxBytes ?? maxBytes),
    })
    return keepOrDrop(version, async () => {
      const details = { ...upload, ...withoutUndefined((await upload.finish?.()) ?? {}) }
      if (!upload.name.endsWith(placeholder)) checkContentType(details.contentType, bucket)
      const object = newObject(caller, upload, version, stored, details)
      return name(caller, bucket, object, upload.upsert, upload.alongside)
    })
  }

  function newObject(
    caller: DatabaseCaller,
    place: { bucket: string; name: string },
    version: string,
    stored: StoredFile,
    details: ObjectDetails,
  ): NewObject {
    checkMetadata(details.userMetadata)
    return {
      id: ids.uuid(),
      bucket_id: place.bucket,
      name: place.name,
      owner_id: caller.userId,
      version,
      size_bytes: stored.sizeBytes,
      sha256: stored.sha256,
      content_type: details.contentType,
      cache_control: readableHeader(details.cacheControl) ?? 'no-cache',
      user_metadata: details.userMetadata ?? null,
    }
  }

  return {
    authorizeWrite,

    /** The same for the server's own work and for signed links, with all rights. */
    authorizeFor: (ownerId: string | null, bucketId: string, name: string, request: WriteRequest) =>
      authorizeWrite(onBehalfOf(ownerId), bucketId, name, request),

    /**
     * Stores what the stream gives; the source is left as it is when that fails.
     * @throws Problem what `authorizeWrite` throws; `payload-too-large` past the limit, `storage-full`. Nothing is kept then.
     */
    put,

    /** The same for the server's own work, with all rights; the object is the user's, of null the house's. */
    putFor: (ownerId: string | null, upload: Upload): Promise<StoredObject> =>
      put(onBehalfOf(ownerId), upload),

    /** @throws Problem `object-not-found`, and what `put` throws. */
    async copy(caller: DatabaseCaller, copy: ObjectCopy): Promise<StoredObject> {
      checkObjectName(copy.name)
      const source = await database.as(caller, async db => {
        const store = createFilesStore(db)
        const bucket = await visibleBucket(caller, store, copy.bucket)
        const found = await store.object(copy.bucket, copy.name)
        if (!found || !mayRead(caller, bucket, copy.name)) throw noObject(caller, bucket, copy.name)
        return found
      })
      const details: ObjectDetails = {
        contentType: source.content_type,
        cacheControl: source.cache_control,
        userMetadata: source.user_metadata,
        ...withoutUndefined(copy.details ?? {}),
      }
      const { bucket } = await authorizeWrite(caller, copy.toBucket, copy.toName, {
        upsert: copy.upsert,
        contentType: details.contentType,
        sizeBytes: source.size_bytes,
      })
      const version = ids.uuid()
      await files.copy(keyOf(source.version), keyOf(version))
      const stored = { sizeBytes: source.size_bytes, sha256: source.sha256 }
      const place = { bucket: copy.toBucket, name: copy.toName }
      return keepOrDrop(version, async () =>
        name(caller, bucket, newObject(caller, place, version, stored, details), copy.upsert),
      )
    },
  }
}

/** All rights, and what it makes belongs to the user. */
export function onBehalfOf(ownerId: string | null): DatabaseCaller {
  return { role: 'service', userId: ownerId, credential: 'server' }
}

/** What row-level security refuses, when the rules in the code did not. */
export function refused(caller: DatabaseCaller, bucket: Pick<Bucket, 'id'>, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === '42501') return mayNotWrite(caller, bucket)
  if (code === '23505') return exists(bucket)
  // The bucket was removed meanwhile.
  if (code === '23503') return new Problem('bucket-not-found', `There is no bucket ${bucket.id} any more.`)
  return error
}

function refuseReplacing(
  caller: DatabaseCaller,
  bucket: Bucket,
  before: StoredObject | null,
  upsert: boolean,
): void {
  if (before && !upsert) throw exists(bucket)
  if (before && !mayChange(caller, bucket, before)) throw mayNotWrite(caller, bucket)
}

export function exists(bucket: Pick<Bucket, 'id'>): Problem {
  return new Problem(
    'object-exists',
    `The bucket ${bucket.id} has an object of this name already. Send x-upsert: true to replace it.`,
  )
}
