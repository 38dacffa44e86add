import type { DocumentStatus, Visibility } from '@roundhouse/sdk/contract'
import { type Generated, type Kysely, type Selectable, sql } from 'kysely'
import { withoutUndefined } from '../kit/without-undefined.ts'
import type {
  Collection,
  CollectionDraft,
  CollectionTarget,
  CollectionView,
  KnowledgeDocument,
} from './collection.ts'

type CollectionsTable = {
  id: string
  owner_id: string | null
  name: string
  description: string | null
  visibility: Generated<Visibility>
  embedding_model: string | null
  chunk_size: number
  chunk_overlap: number
  language: Generated<string>
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

type DocumentsTable = {
  id: string
  collection_id: string
  name: string
  kind: KnowledgeDocument['kind']
  content_type: string
  size_bytes: string | number
  sha256: string
  object_version: string
  status: Generated<DocumentStatus>
  error: unknown
  revision: Generated<number>
  generation: string | null
  chunks: Generated<number>
  characters: number | null
  embedding_model: string | null
  dimensions: number | null
  is_packed: Generated<boolean>
  job_id: string | null
  created_at: Generated<Date>
  updated_at: Generated<Date>
  indexed_at: Date | null
}

export type KnowledgeTables = { knowledge_collections: CollectionsTable; knowledge_documents: DocumentsTable }

/** Newest first, and one more than asked for tells that there are more. */
export type PageOf = { beforeId: string | undefined; limit: number }

/** What the bytes of a document are. */
export type DocumentBytes = Pick<
  KnowledgeDocument,
  'content_type' | 'size_bytes' | 'sha256' | 'object_version'
>

export type Indexed = Pick<
  KnowledgeDocument,
  'kind' | 'characters' | 'chunks' | 'embedding_model' | 'dimensions'
>

const now = sql<Date>`date_trunc('milliseconds', now())`

/** SQL of collections and documents. Who sees and changes which is the database's to keep. */
export function createKnowledgeStore(db: Kysely<KnowledgeTables>) {
  async function listed(query: ReturnType<typeof sql>): Promise<CollectionView[]> {
    const { rows } = await sql<CollectionView>`
      select c.*, count(d.id)::integer as documents, coalesce(sum(d.chunks), 0)::integer as chunks
      from (${query}) as c left join knowledge_documents d on d.collection_id = c.id
      group by c.id, c.owner_id, c.name, c.description, c.visibility, c.embedding_model, c.chunk_size, c.chunk_overlap,
        c.language, c.created_at, c.updated_at
      order by c.id desc`.execute(db)
    return rows
  }

  return {
    /** Null when its owner has one of this name. */
    async insertCollection(
      collection: CollectionDraft & Pick<Collection, 'id' | 'owner_id'>,
    ): Promise<Collection | null> {
      const row = await db
        .insertInto('knowledge_collections')
        .values(collection)
        .onConflict(conflict => conflict.columns(['owner_id', 'name']).doNothing())
        .returningAll()
        .executeTakeFirst()
      return row ?? null
    },

    async collection(id: string): Promise<CollectionView | null> {
      const rows = await listed(sql`select * from knowledge_collections where id = ${id}`)
      return rows[0] ?? null
    },

    /** Of a name the caller's own, else the house's: what others share under a name of their choice is meant by its id. */
    async find(target: CollectionTarget, callerId: string | null): Promise<Collection | null> {
      const which =
        'id' in target
          ? sql`id = ${target.id}`
          : sql`name = ${target.name} and (owner_id is null or owner_id = ${callerId}::uuid)`
      const { rows } = await sql<Collection>`
        select * from knowledge_collections where ${which} order by owner_id nulls last limit 1`.execute(db)
      return rows[0] ?? null
    },

    /** What the caller may see. */
    collections: ({ beforeId, limit }: PageOf): Promise<CollectionView[]> =>
      listed(sql`
        select * from knowledge_collections
        where ${beforeId === undefined ? sql`true` : sql`id < ${beforeId}::uuid`}
        order by id desc limit ${limit + 1}`),

    /** Until the transaction ends nobody else changes it or adds to it. Null when it is gone. */
    async lock(id: string): Promise<Collection | null> {
      const row = await db
        .selectFrom('knowledge_collections')
        .selectAll()
        .where('id', '=', id)
        .forNoKeyUpdate()
        .executeTakeFirst()
      return row ?? null
    },

    async updateCollection(id: string, change: Partial<CollectionDraft>): Promise<Collection | null> {
      const row = await db
        .updateTable('knowledge_collections')
        .set({ ...withoutUndefined(change), updated_at: now })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      return row ?? null
    },

    async removeCollection(id: string): Promise<void> {
      await db.deleteFrom('knowledge_collections').where('id', '=', id).execute()
    },

    /** How many a user has. Until the transaction ends nobody else adds to them. */
    async countLocked(ownerId: string): Promise<number> {
      await sql`select pg_advisory_xact_lock(hashtextextended(${ownerId}, 24))`.execute(db)
      const { rows } = await sql<{ count: number }>`
        select count(*)::integer as count from knowledge_collections where owner_id = ${ownerId}`.execute(db)
      return rows[0]?.count ?? 0
    },

    async countDocuments(collectionId: string): Promise<number> {
      const { rows } = await sql<{ count: number }>`
        select count(*)::integer as count from knowledge_documents where collection_id = ${collectionId}`.execute(
        db,
      )
      return rows[0]?.count ?? 0
    },

    /** Null when there is one of this name. */
    async insertDocument(
      document: Pick<KnowledgeDocument, 'id' | 'collection_id' | 'name' | 'job_id'> & DocumentBytes,
    ): Promise<KnowledgeDocument | null> {
      const row = await db
        .insertInto('knowledge_documents')
        .values(document)
        .onConflict(conflict => conflict.columns(['collection_id', 'name']).doNothing())
        .returningAll()
        .executeTakeFirst()
      return row ? toDocument(row) : null
    },

    /** New bytes, which wait to be indexed; what is found stays. Null when it is gone. */
    async replaceDocument(
      id: string,
      change: DocumentBytes & Pick<KnowledgeDocument, 'name' | 'job_id'>,
    ): Promise<KnowledgeDocument | null> {
      const row = await db
        .updateTable('knowledge_documents')
        .set({ ...change, ...waiting, updated_at: now })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      return row ? toDocument(row) : null
    },

    /** Every document of it waits to be indexed; jobs are added later. */
    async renewDocuments(collectionId: string): Promise<void> {
      await db
        .updateTable('knowledge_documents')
        .set({ ...waiting, job_id: null, updated_at: now })
        .where('collection_id', '=', collectionId)
        .execute()
    },

    /** Some of those that wait without a job; nobody else gets them until the transaction ends. */
    async takeWaiting(collectionId: string, limit: number): Promise<KnowledgeDocument[]> {
      const rows = await db
        .selectFrom('knowledge_documents')
        .selectAll()
        .where('collection_id', '=', collectionId)
        .where('status', '=', 'queued')
        .where('job_id', 'is', null)
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .execute()
      return rows.map(toDocument)
    },

    async setJob(id: string, jobId: string): Promise<void> {
      await db.updateTable('knowledge_documents').set({ job_id: jobId }).where('id', '=', id).execute()
    },

    async document(collectionId: string, id: string): Promise<KnowledgeDocument | null> {
      const row = await db
        .selectFrom('knowledge_documents')
        .selectAll()
        .where('id', '=', id)
        .where('collection_id', '=', collectionId)
        .executeTakeFirst()
      return row ? toDocument(row) : null
    },

    /** Of whatever collection. */
    async documentById(id: string): Promise<KnowledgeDocument | null> {
      const row = await db
        .selectFrom('knowledge_documents')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst()
      return row ? toDocument(row) : null
    },

    async documents(
      collectionId: string,
      { status, beforeId, limit }: PageOf & { status?: DocumentStatus | undefined },
    ): Promise<KnowledgeDocument[]> {
      let query = db.selectFrom('knowledge_documents').selectAll().where('collection_id', '=', collectionId)
      if (status !== undefined) query = query.where('status', '=', status)
      if (beforeId !== undefined) query = query.where('id', '<', beforeId)
      const rows = await query
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute()
      return rows.map(toDocument)
    },

    async removeDocument(id: string): Promise<KnowledgeDocument | null> {
      const row = await db
        .deleteFrom('knowledge_documents')
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      return row ? toDocument(row) : null
    },

    /** Of the work on this revision. False when there is another one, or none. */
    async setStatus(
      { id, revision }: Pick<KnowledgeDocument, 'id' | 'revision'>,
      status: 'queued' | 'indexing' | 'failed',
      error: KnowledgeDocument['error'] = null,
    ): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('knowledge_documents')
        .set({ status, error: error === null ? null : JSON.stringify(error) })
        .where('id', '=', id)
        .where('revision', '=', revision)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    /** From now on these chunks are found, and no others. False when there is another revision, or none. */
    async publish(
      { id, revision }: Pick<KnowledgeDocument, 'id' | 'revision'>,
      generation: string,
      indexed: Indexed,
    ): Promise<boolean> {
      const { rows } = await sql`
        update knowledge_documents
        set status = 'ready', error = null, generation = ${generation}, kind = ${indexed.kind},
          characters = ${indexed.characters}, chunks = ${indexed.chunks}, embedding_model = ${indexed.embedding_model},
          dimensions = ${indexed.dimensions}, indexed_at = ${now},
          is_packed = exists (
            select from knowledge_chunks
            where document_id = ${id} and generation = ${generation} and embedding is not null)
        where id = ${id} and revision = ${revision} returning id`.execute(db)
      return rows.length > 0
    },
  }
}

const waiting = {
  status: 'queued' as const,
  error: null,
  revision: sql<number>`revision + 1`,
}

function toDocument({ is_packed: _, ...row }: Selectable<DocumentsTable>): KnowledgeDocument {
  return { ...row, size_bytes: Number(row.size_bytes), error: row.error as KnowledgeDocument['error'] }
}
