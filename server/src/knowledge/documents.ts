import type { Readable } from 'node:stream'
import { type DocumentStatus, Problem } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import type { Caller } from '../accounts/caller.ts'
import { isNotOwn } from '../accounts/ownership.ts'
import type { Files } from '../files/files.ts'
import { onBehalfOf } from '../files/put.ts'
import type { StoredObject } from '../files/store.ts'
import type { Jobs } from '../jobs/job.ts'
import type { Ids } from '../kit/ids.ts'
import { createTurnstile } from '../kit/turnstile.ts'
import type { Database, WithinTransaction } from '../ports/database.ts'
import { manageable, noCollection, noDocument } from './access.ts'
import { createChunkStore } from './chunks/store.ts'
import {
  type Collection,
  type KnowledgeDocument,
  knowledgeBucket,
  mostDocumentBytes,
  mostDocuments,
  objectName,
} from './collection.ts'
import type { Collections } from './collections.ts'
import { indexKind, indexPayload } from './payloads.ts'
import { createKnowledgeStore, type KnowledgeTables, type PageOf } from './store.ts'

export type NewDocument = {
  /** Its name stays when absent, where there is one. */
  name: string | undefined
  contentType: string
  /** Left as it is when the document is refused. */
  source: Readable
  /** What the client announces, to refuse early what is too large. */
  sizeBytes?: number | undefined
  /** Called once the source was read: what came behind it may be at fault. */
  finish?: (() => Promise<void>) | undefined
}

export type DocumentFilter = PageOf & { status?: DocumentStatus | undefined }

/** Documents of collections. Each call throws what finding the collection does, and Problem `resource-not-found`. */
export type Documents = {
  /**
   * Stores it, to be indexed by a job. It counts as a file of the collection's owner.
   * @throws Problem `conflict` for a name that there is, `quota-exceeded`, `payload-too-large`, `forbidden`.
   */
  add(
    caller: Caller,
    collectionId: string,
    document: NewDocument,
    within?: WithinTransaction<KnowledgeDocument>,
  ): Promise<KnowledgeDocument>
  /** What is found of it stays until the new is indexed. */
  replace(caller: Caller, collectionId: string, id: string, document: NewDocument): Promise<KnowledgeDocument>
  /** An object that the caller may read, as a document. @throws Problem those of `Objects.open`. */
  fromObject(caller: Caller, bucket: string, path: string): Promise<NewDocument & { name: string }>
  get(caller: Caller, collectionId: string, id: string): Promise<KnowledgeDocument>
  /** Newest first: one more than asked for tells that there are more. */
  list(caller: Caller, collectionId: string, filter: DocumentFilter): Promise<KnowledgeDocument[]>
  /** With its chunks and its file. */
  remove(caller: Caller, collectionId: string, id: string): Promise<void>
}

/**
 * Transactions that name what was stored. Those of one collection wait for each other in the database, each with a
 * connection: of 300 uploads at once 51 were taken, and few other requests were; so many at a time, 146 (2026-11).
 */
const namedAtATime = 2

export function createDocuments<Tables extends KnowledgeTables>(dependencies: {
  database: Database<Tables>
  collections: Pick<Collections, 'find'>
  files: Pick<Files, 'objects'>
  jobs: Pick<Jobs<Tables>, 'add'>
  ids: Ids
}): Documents {
  const { collections, files, jobs, ids } = dependencies
  const turnstile = createTurnstile(namedAtATime)
  const database = dependencies.database as unknown as Database<KnowledgeTables>

  async function managed(caller: Caller, id: string): Promise<Collection> {
    return manageable(caller, await collections.find(caller, { id }))
  }

  async function get(caller: Caller, collectionId: string, id: string): Promise<KnowledgeDocument> {
    await collections.find(caller, { id: collectionId })
    const document = await database.as(caller, db => createKnowledgeStore(db).document(collectionId, id))
    if (!document) throw noDocument(id)
    return document
  }

  /** In the audit log, what is put into a collection of another: stored with the rights of its owner, who did not do it. */
  async function noteAct(
    caller: Caller,
    collection: Collection,
    action: string,
    { id, name }: KnowledgeDocument,
  ): Promise<void> {
    if (collection.owner_id === caller.userId) return
    await database.as(caller, (_, audit) => audit(action, id, about(collection, name)))
  }

  /** Stores the bytes and, in the transaction that names them, what `note` writes and the job for it. */
  async function store(
    collection: Collection,
    id: string,
    document: NewDocument,
    upsert: boolean,
    note: (db: Kysely<KnowledgeTables>, bytes: Bytes, jobId: string) => Promise<KnowledgeDocument>,
  ): Promise<KnowledgeDocument> {
    const { source, sizeBytes, contentType, finish } = document
    if (sizeBytes !== undefined && sizeBytes > mostDocumentBytes) throw tooLarge()
    let made: KnowledgeDocument | undefined
    const stored = Promise.withResolvers<void>()
    const put = files.objects.putFor(collection.owner_id, {
      bucket: knowledgeBucket,
      name: objectName(collection, { id }),
      source,
      sizeBytes,
      contentType,
      upsert,
      maxBytes: mostDocumentBytes,
      async finish() {
        await finish?.()
        await new Promise<void>(enter => {
          void turnstile(() => {
            enter()
            return stored.promise
          })
        })
        return {}
      },
      async alongside(db, object) {
        const own = db.withTables<KnowledgeTables>()
        const jobId = ids.uuid()
        made = await note(own, bytesOf(object), jobId)
        const payload = indexPayload.parse({ document_id: id, revision: made.revision })
        await jobs.add(db as unknown as Kysely<Tables>, {
          id: jobId,
          kind: indexKind,
          ownerId: collection.owner_id,
          payload,
        })
      },
    })
    await put.finally(stored.resolve)
    if (!made) throw new Error('An object was stored without what belongs to it.')
    return made
  }

  return {
    async add(caller, collectionId, document, within) {
      const collection = await managed(caller, collectionId)
      const { name } = document
      if (name === undefined) throw new Problem('invalid-request', 'name: a document needs one.')
      const id = ids.uuid()
      const made = await store(collection, id, document, false, async (db, bytes, job_id) => {
        const rows = createKnowledgeStore(db)
        if (!(await rows.lock(collectionId))) throw noCollection({ id: collectionId })
        if ((await rows.countDocuments(collectionId)) >= mostDocuments)
          throw new Problem(
            'quota-exceeded',
            `A collection has ${mostDocuments} documents at most. Remove some, or begin another collection.`,
          )
        const made = await rows.insertDocument({ ...bytes, id, collection_id: collectionId, name, job_id })
        if (!made) throw taken(name)
        await within?.(db, made)
        return made
      })
      await noteAct(caller, collection, 'knowledge-document-add', made)
      return made
    },

    async replace(caller, collectionId, id, document) {
      const collection = await managed(caller, collectionId)
      const before = await get(caller, collectionId, id)
      const { name = before.name } = document
      const made = await store(collection, id, document, true, async (db, bytes, job_id) => {
        const rows = createKnowledgeStore(db)
        const made = await rows.replaceDocument(id, { ...bytes, name, job_id }).catch(error => {
          throw isTaken(error) ? taken(name, error) : error
        })
        if (!made) throw noDocument(id)
        return made
      })
      await noteAct(caller, collection, 'knowledge-document-replace', made)
      return made
    },

    async fromObject(caller, bucket, path) {
      const { object, stream } = await files.objects.open(caller, bucket, path)
      return {
        name: path.slice(path.lastIndexOf('/') + 1) || path,
        contentType: object.content_type,
        source: stream,
        sizeBytes: object.size_bytes,
      }
    },

    get,

    async list(caller, collectionId, filter) {
      await collections.find(caller, { id: collectionId })
      return database.as(caller, db => createKnowledgeStore(db).documents(collectionId, filter))
    },

    async remove(caller, collectionId, id) {
      const collection = await managed(caller, collectionId)
      const { name } = await get(caller, collectionId, id)
      await files.objects.removeMany(onBehalfOf(collection.owner_id), knowledgeBucket, [
        objectName(collection, { id }),
      ])
      await createChunkStore(database.system).removeOf(id)
      await database.as(caller, async (db, audit) => {
        await createKnowledgeStore(db).removeDocument(id)
        if (isNotOwn(caller, collection))
          await audit('knowledge-document-remove', id, about(collection, name))
      })
    },
  }
}

function about({ id, owner_id }: Collection, document: string): Record<string, unknown> {
  return { collection_id: id, document, owner_id }
}

type Bytes = Pick<KnowledgeDocument, 'content_type' | 'size_bytes' | 'sha256' | 'object_version'>

function bytesOf({ content_type, size_bytes, sha256, version }: StoredObject): Bytes {
  return { content_type, size_bytes, sha256, object_version: version }
}

function tooLarge(): Problem {
  return new Problem('payload-too-large', `A document has ${mostDocumentBytes} bytes at most.`)
}

function taken(name: string, cause?: unknown): Problem {
  return new Problem(
    'conflict',
    `name: there is a document ${name} in this collection. PUT /api/v1/knowledge/{id}/documents/{document} replaces it.`,
    { cause },
  )
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505'
}
