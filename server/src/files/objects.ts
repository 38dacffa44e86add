import type { Readable } from 'node:stream'
import { Problem } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import type { Ids } from '../kit/ids.ts'
import type { Audit, Database, DatabaseCaller } from '../ports/database.ts'
import type { FileLink, FileStore } from '../ports/file-store.ts'
import { visibleBucket } from './buckets.ts'
import { type Discard, keyOf } from './discard.ts'
import { checkContentType } from './media-types.ts'
import { refusedForModel } from './model-files.ts'
import { checkObjectName, isObjectName } from './names.ts'
import { createPut, onBehalfOf } from './put.ts'
import { bytesMissing, exists, isNotFound, refused } from './refusals.ts'
import { isAdministrative, mayAdd, mayChange, mayNotWrite, mayRead, noBucket, noObject } from './rules.ts'
import { type Bucket, createFilesStore, type FileTables, type StoredObject } from './store.ts'

/** Bytes from `start` up to and with `end`, counted from 0. */
export type ByteRange = { start: number; end: number }

/** An object that the caller may read, and the bucket it lies in. */
export type Found = { object: StoredObject; bucket: Bucket }

export type ObjectMove = { bucket: string; name: string; toBucket: string; toName: string }

/**
 * The files of everyone. What a caller may not see is answered as if it were not there; what they may see and not
 * change with `forbidden`.
 */
export type Objects = ReturnType<typeof createObjects>

export function createObjects(dependencies: {
  database: Database<FileTables>
  files: FileStore
  discard: Discard
  ids: Ids
  maxFileBytes: number
}) {
  const { database, files, discard } = dependencies
  const writes = createPut(dependencies)

  async function find(caller: DatabaseCaller, bucketId: string, name: string): Promise<Found> {
    checkObjectName(name)
    return database.as(caller, async db => {
      const store = createFilesStore(db)
      const bucket = await visibleBucket(caller, store, bucketId)
      const object = await store.object(bucketId, name)
      if (!object || !mayRead(caller, bucket, name)) throw noObject(caller, bucket, name)
      return { object, bucket }
    })
  }

  async function whole<Bytes>(bytes: Promise<Bytes>): Promise<Bytes> {
    try {
      return await bytes
    } catch (error) {
      throw isNotFound(error) ? bytesMissing(error) : error
    }
  }

  const read = (object: Pick<StoredObject, 'version'>, range?: ByteRange): Promise<Readable> =>
    whole(files.read(keyOf(object.version), range))

  async function removeMany(
    caller: DatabaseCaller,
    bucketId: string,
    names: readonly string[],
  ): Promise<StoredObject[]> {
    const removed = await database
      .as(caller, async (db, audit) => {
        const store = createFilesStore(db)
        const bucket = await visibleBucket(caller, store, bucketId)
        const found = await store.objects(bucketId, names.filter(isObjectName))
        const changeable = found.filter(object => mayChange(caller, bucket, object))
        const removed = await store.removeObjects(bucketId, changeable)
        const ofOthers = removed.filter(object => isAdministrative(caller, object))
        if (ofOthers.length > 0)
          await audit('object-remove', bucketId, { ids: ofOthers.map(object => object.id) })
        return removed
      })
      .catch(error => {
        throw refusedForModel(error) ?? error
      })
    discard.later(removed.map(object => object.version))
    return removed
  }

  return {
    ...writes,

    /** @throws Problem `bucket-not-found`, `object-not-found`, `unauthenticated`, `invalid-object-name` */
    info: find,

    /**
     * The same with all rights: for who has a signed link, and the server's own work.
     * @param version The only one that is meant; another one counts as none.
     */
    async infoFor(bucketId: string, name: string, version?: string): Promise<Found> {
      const found = await find(onBehalfOf(null), bucketId, name)
      if (version === undefined || found.object.version === version) return found
      throw new Problem('object-not-found', 'The object that is meant was replaced by another one.')
    },

    /** As `info`, of public buckets only: others are answered as if they were not there. */
    async publicInfo(bucketId: string, name: string): Promise<Found> {
      checkObjectName(name)
      const nobody: DatabaseCaller = { role: 'anonymous', userId: null, credential: 'none' }
      return database.as(nobody, async db => {
        const store = createFilesStore(db)
        const bucket = bucketId.includes('\0') ? null : await store.bucket(bucketId)
        if (!bucket?.public) throw noBucket({ ...nobody, role: 'member' }, bucketId)
        const object = await store.object(bucketId, name)
        if (!object) throw noObject(nobody, bucket, name)
        return { object, bucket }
      })
    },

    /**
     * The bytes of this version. Whoever does not read the stream to its end destroys it.
     * @throws Problem `object-bytes-missing`: it was replaced or removed since it was found, or the store lost it.
     */
    read,

    /** The same, to be passed on: see `FileStore.pieces`. */
    pieces: (
      object: Pick<StoredObject, 'version'>,
      range?: ByteRange,
    ): Promise<AsyncGenerator<Uint8Array, void>> => whole(files.pieces(keyOf(object.version), range)),

    /** Where a client reads the bytes of this version itself; undefined when only the server can. */
    link: (object: StoredObject, link: FileLink): Promise<URL | undefined> =>
      files.link(keyOf(object.version), link),

    /** Finds and reads. @throws Problem what `info` and `read` throw. */
    async open(
      caller: DatabaseCaller,
      bucketId: string,
      name: string,
      range?: ByteRange,
    ): Promise<Found & { stream: Readable }> {
      const found = await find(caller, bucketId, name)
      return { ...found, stream: await read(found.object, range) }
    },

    /** The bytes stay where they are. @throws Problem `object-not-found`, `object-exists`, `forbidden`, `conflict` */
    async move(caller: DatabaseCaller, move: ObjectMove): Promise<StoredObject> {
      checkObjectName(move.name)
      checkObjectName(move.toName)
      return database.as(caller, async (db, audit) => {
        const store = createFilesStore(db)
        const from = await visibleBucket(caller, store, move.bucket)
        await store.lockNames(
          { bucket: move.bucket, name: move.name },
          { bucket: move.toBucket, name: move.toName },
        )
        const object = await store.object(move.bucket, move.name)
        if (!object || !mayRead(caller, from, move.name)) throw noObject(caller, from, move.name)
        if (!mayChange(caller, from, object)) throw mayNotWrite(caller, from)
        const to = await visibleBucket(caller, store, move.toBucket)
        if (!mayAdd(caller, to, move.toName)) throw mayNotWrite(caller, to)
        if (await store.object(move.toBucket, move.toName)) throw exists(to)
        if (to.id !== from.id) checkFits(object, to)
        const moved = await store.moveObject(object.id, move.toBucket, move.toName).catch(error => {
          throw refused(caller, to, error)
        })
        if (!moved) throw noObject(caller, from, move.name)
        if (isAdministrative(caller, object))
          await audit('object-move', object.id, { bucket: from.id, owner_id: object.owner_id })
        return moved
      })
    },

    /**
     * In a transaction of the server: gives the object another name in its bucket, in the place of what has it. The bytes
     * of that are for the sweep. @throws Problem `object-not-found`
     */
    async renameIn(db: Kysely<FileTables>, bucket: string, name: string, toName: string): Promise<void> {
      const store = createFilesStore(db)
      await store.lockNames({ bucket, name }, { bucket, name: toName })
      const object = await store.object(bucket, name)
      if (!object)
        throw new Problem('object-not-found', `There is no object ${name} in the bucket ${bucket}.`)
      const replaced = await store.object(bucket, toName)
      if (replaced) await store.removeObjects(bucket, [replaced])
      await store.moveObject(object.id, bucket, toName)
    },

    /**
     * Those of these names that the caller may change; the others are passed over, and so is what is no name. Gives what
     * was removed; the bytes go soon after.
     * @throws Problem `conflict`, and removes none, when one is the file of a model version.
     */
    removeMany,

    /**
     * Removes what `alongside` removes and, in the same transaction, the object in the version that it gives. Nobody puts
     * another one at this name meanwhile; one that is there already stays.
     */
    async removeWith(
      caller: DatabaseCaller,
      bucketId: string,
      name: string,
      alongside: (db: Kysely<FileTables>, audit: Audit) => Promise<string>,
    ): Promise<void> {
      const removed = await database.as(caller, async (db, audit) => {
        const store = createFilesStore(db)
        await store.lockNames({ bucket: bucketId, name })
        const version = await alongside(db, audit)
        const object = await store.object(bucketId, name)
        return object?.version === version ? store.removeObjects(bucketId, [object]) : []
      })
      discard.later(removed.map(object => object.version))
    },

    /** @throws Problem `object-not-found`, `forbidden`, `conflict` */
    async remove(caller: DatabaseCaller, bucketId: string, name: string): Promise<void> {
      const { object, bucket } = await find(caller, bucketId, name)
      if (!mayChange(caller, bucket, object)) throw mayNotWrite(caller, bucket)
      const removed = await removeMany(caller, bucketId, [name])
      if (removed.length === 0) throw noObject(caller, bucket, name)
    },
  }
}

/** What lies in one bucket may not be too large, or of the wrong type, for another. */
function checkFits(object: StoredObject, bucket: Bucket): void {
  checkContentType(object.content_type, bucket)
  if (bucket.file_size_limit !== null && object.size_bytes > bucket.file_size_limit)
    throw new Problem(
      'payload-too-large',
      `The object has ${object.size_bytes} bytes; the bucket ${bucket.id} takes up to ${bucket.file_size_limit}.`,
    )
}
