import type { Readable } from 'node:stream'
import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import type { Ids } from '../kit/ids.ts'
import { withoutUndefined } from '../kit/without-undefined.ts'
import type { Database, DatabaseCaller } from '../ports/database.ts'
import type { FileStore, StoredFile } from '../ports/file-store.ts'
import { visibleBucket } from './buckets.ts'
import { checkMetadata, type DetailChanges, type ObjectDetails, readableHeader } from './details.ts'
import { type Discard, keyOf } from './discard.ts'
import { checkContentType } from './media-types.ts'
import { checkObjectName } from './names.ts'
import { bytesLeft, keepWithinQuota, noRoom } from './quota.ts'
import { bytesMissing, exists, isNotFound, noOwner, piecesMissing, refused } from './refusals.ts'
import {
  isAdministrative,
  mayAdd,
  mayChange,
  mayEverything,
  mayNotWrite,
  mayRead,
  noObject,
} from './rules.ts'
import { type Bucket, createFilesStore, type FileTables, type NewObject, type StoredObject } from './store.ts'
import { createSweepStore } from './sweep/store.ts'

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
  /** Runs in the transaction that makes the object visible, with it; when it rejects there is no object. */
  alongside?: ((db: Kysely<FileTables>, object: StoredObject) => Promise<void>) | undefined
}

export type WriteRequest = {
  upsert: boolean
  /** When it is known already. */
  contentType?: string | undefined
  /** When the client announces it. */
  sizeBytes?: number | undefined
  /** It will come in pieces: what other such uploads have announced is taken already. */
  inPieces?: boolean | undefined
}

/** Of a write that may begin. `leftBytes` is what the owner's plan has room for. */
export type WriteGrant = { bucket: Bucket; maxBytes: number; leftBytes: number }

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
  discard: Discard
  ids: Ids
  maxFileBytes: number
}) {
  const { database, files, discard, ids, maxFileBytes } = dependencies

  /**
   * Whether the write may begin, before a byte of it is read.
   * @throws Problem `invalid-object-name`, `bucket-not-found`, `forbidden`, `object-exists`, `unsupported-media-type`,
   *   `payload-too-large`
   */
  async function authorizeWrite(
    caller: DatabaseCaller,
    bucketId: string,
    name: string,
    { upsert, contentType, sizeBytes = 0, inPieces = false }: WriteRequest,
  ): Promise<WriteGrant> {
    checkObjectName(name)
    const { bucket, leftBytes } = await database.as(caller, async db => {
      const store = createFilesStore(db)
      const bucket = await visibleBucket(caller, store, bucketId)
      if (isOnBehalf(caller) && !(await store.hasUser(caller.userId))) throw noOwner()
      if (!mayAdd(caller, bucket, name)) throw mayNotWrite(caller, bucket)
      const before = await store.object(bucketId, name)
      refuseReplacing(caller, bucket, before, upsert)
      const replacedBytes = before?.owner_id === caller.userId ? before.size_bytes : 0
      const left = await bytesLeft(store, caller.userId, { countUploads: inPieces })
      return { bucket, leftBytes: left + replacedBytes }
    })
    const isPlaceholder = name.endsWith(placeholder)
    if (contentType !== undefined) checkContentType(contentType, typesOf(name, bucket))
    const maxBytes = isPlaceholder ? 0 : Math.min(maxFileBytes, bucket.file_size_limit ?? maxFileBytes)
    if (sizeBytes > maxBytes)
      throw new Problem(
        'payload-too-large',
        `The file has ${sizeBytes} bytes; the bucket ${bucketId} takes up to ${maxBytes}.`,
      )
    if (sizeBytes > leftBytes) throw noRoom(leftBytes)
    return { bucket, maxBytes: Math.min(maxBytes, leftBytes), leftBytes }
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
        await store.lockNames({ bucket: object.bucket_id, name: object.name })
        const before = await store.object(object.bucket_id, object.name)
        refuseReplacing(caller, bucket, before, upsert)
        // Were it theirs from then on, it would go with the administrator who replaced it.
        const owner_id = before && mayEverything(caller) ? before.owner_id : object.owner_id
        const row = await store.putObject({ ...object, owner_id })
        await alongside?.(db, row)
        if (owner_id === caller.userId) await keepWithinQuota(store, owner_id)
        if (before && isAdministrative(caller, before))
          await audit('object-replace', before.id, { bucket: bucket.id, owner_id: before.owner_id })
        return { row, old: before?.version }
      })
      .catch(error => {
        throw refused(caller, bucket, error)
      })
    if (old !== undefined) await discardReplaced(old)
    return row
  }

  /** The object that had it may have been moved meanwhile, and needs it still. What cannot be asked is for the sweep. */
  async function discardReplaced(version: string): Promise<void> {
    const named = await createSweepStore(database.system)
      .knownVersions([version])
      .catch(() => undefined)
    if (named?.size === 0) await discard.now(version)
  }

  /** When the database fell silent a row may name the bytes all the same; then the sweep decides. */
  async function keepOrDrop<Result>(version: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      if (!isProblem(error) || error.code !== 'database-unavailable') await discard.now(version)
      throw error
    }
  }

  async function put(caller: DatabaseCaller, upload: Upload): Promise<StoredObject> {
    const { bucket, maxBytes, leftBytes } = await authorizeWrite(caller, upload.bucket, upload.name, upload)
    const version = ids.uuid()
    const stored = await files
      .put(keyOf(version), upload.source, { maxBytes: Math.min(maxBytes, upload.maxBytes ?? maxBytes) })
      .catch(error => {
        // Of the source, which is pieces in this store: who is told that there is nothing would throw the upload away.
        if (isNotFound(error)) throw piecesMissing(error)
        const isOverQuota = maxBytes === leftBytes && isProblem(error) && error.code === 'payload-too-large'
        throw isOverQuota ? noRoom(leftBytes) : error
      })
    return keepOrDrop(version, async () => {
      const details = { ...upload, ...withoutUndefined((await upload.finish?.()) ?? {}) }
      checkContentType(details.contentType, typesOf(upload.name, bucket))
      const object = newObject(caller, upload, version, stored, details)
      return name(caller, bucket, object, upload.upsert, upload.alongside)
    })
  }

  /** @throws Problem `not-found` when the bytes are not there (any more). */
  async function copyOnce(caller: DatabaseCaller, copy: ObjectCopy): Promise<StoredObject> {
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
      content_type: details.contentType.trim(),
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

    /** @throws Problem `object-not-found`, `object-bytes-missing`, and what `put` throws. */
    async copy(caller: DatabaseCaller, copy: ObjectCopy): Promise<StoredObject> {
      try {
        return await copyOnce(caller, copy)
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
      // Replaced between its row and its bytes: then there is another row by now.
      return copyOnce(caller, copy).catch(error => {
        throw isNotFound(error) ? bytesMissing(error) : error
      })
    },
  }
}

/** A placeholder may have any type, whatever the bucket takes. */
function typesOf(name: string, bucket: Bucket): Pick<Bucket, 'id' | 'allowed_mime_types'> {
  return name.endsWith(placeholder) ? { ...bucket, allowed_mime_types: null } : bucket
}

/** All rights, and what it makes belongs to the user. */
export function onBehalfOf(ownerId: string | null): DatabaseCaller {
  return { role: 'service', userId: ownerId, credential: 'server' }
}

function isOnBehalf(caller: DatabaseCaller): caller is DatabaseCaller & { userId: string } {
  return caller.role === 'service' && caller.userId !== null
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
