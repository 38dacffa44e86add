import { type QueryExecutorProvider, sql } from 'kysely'
import type { Chunk, ChunkKey, Hit, Passage } from '../collection.ts'

/** A chunk to be stored. Its vector has length 1, or it is found by words only. */
export type NewChunk = Chunk & { readonly ordinal: number; readonly vector: Float32Array | null }

/** `is_packed`: the server itself compares its vectors, or some of them. */
export type EmbeddedDocument = {
  readonly id: string
  readonly generation: string
  readonly chunks: number
  readonly is_packed: boolean
}

/** By one statement: 20,000 of 1,536 numbers took 1.4 s of the 1.8 s that it has (2026-11). */
const removedAtATime = 2000

type Place = { document_id: string; generation: string; collection_id: string }

/** Of a question, to find what has any of them: by 700 words 3,000 chunks were ranked for longer than a query may take (2026-11). */
const mostAnyWords = 64

/** SQL of the chunks. Each call counts those only that are found: of the newest generation of their document. */
export type ChunkStore = ReturnType<typeof createChunkStore>

export function createChunkStore(db: QueryExecutorProvider) {
  async function remove(condition: ReturnType<typeof sql>): Promise<void> {
    for (let removed = removedAtATime; removed === removedAtATime; ) {
      const { numAffectedRows } = await sql`
        delete from knowledge_chunks where ctid = any(array(
          select c.ctid from knowledge_chunks c where ${condition} limit ${removedAtATime}))`.execute(db)
      removed = Number(numAffectedRows ?? 0n)
    }
  }

  async function ranked(
    collectionId: string,
    { language, query, anyWord }: { language: string; query: string; anyWord: boolean },
    limit: number,
  ): Promise<Hit[]> {
    const { rows } = await sql<Hit>`
      select * from knowledge_by_words(${collectionId}, ${language}, ${query}, ${anyWord}, ${limit}::integer)`.execute(
      db,
    )
    return rows
  }

  return {
    /** The same chunks again change nothing. */
    async insert(
      { document_id, generation, collection_id }: Place,
      language: string,
      chunks: readonly NewChunk[],
      inDatabase: boolean,
    ): Promise<void> {
      const rows = chunks.map(({ vector, ...chunk }) => ({
        ...chunk,
        vector: vector === null ? null : inDatabase ? vectorText(vector) : bytesOf(vector).toString('hex'),
      }))
      const [column, value] = inDatabase
        ? [sql.ref('vector'), sql`knowledge_vector(e.vector)`]
        : [sql.ref('embedding'), sql`decode(e.vector, 'hex')`]
      await sql`
        insert into knowledge_chunks (document_id, generation, collection_id, ordinal, text, headings, page, first_line,
          last_line, words, ${column})
        select ${document_id}, ${generation}, ${collection_id}, e.ordinal, e.text,
          array(select json_array_elements_text(e.headings)), e.page, e.first_line, e.last_line,
          setweight(to_tsvector(${language}::text::regconfig, array_to_string(array(select json_array_elements_text(e.headings)), ' ')), 'A')
            || to_tsvector(${language}::text::regconfig, e.text)
            || array_to_tsvector(array['collection ' || ${collection_id}::text]),
          ${value}
        from json_to_recordset(${JSON.stringify(rows)}::json) as e(
          ordinal integer, text text, headings json, page integer, first_line integer, last_line integer, vector text)
        on conflict do nothing`.execute(db)
    },

    /** All of the document. */
    removeOf: (documentId: string): Promise<void> => remove(sql`c.document_id = ${documentId}`),

    /** Those of the document that are not found. */
    removeOthers: (documentId: string, generation: string): Promise<void> =>
      remove(sql`c.document_id = ${documentId} and c.generation <> ${generation}`),

    /** Those of a generation that is not found. */
    removeUnpublished: (documentId: string, generation: string): Promise<void> =>
      remove(sql`
        c.document_id = ${documentId} and c.generation = ${generation} and not exists (
          select from knowledge_documents d where d.id = c.document_id and d.generation = c.generation)`),

    /** Of a generation that is found nowhere. */
    removeLeftOver: (generation: string): Promise<void> =>
      remove(sql`
        c.generation = ${generation} and c.document_id in (
          select d.id from knowledge_documents d
          where d.job_id = ${generation} and d.generation is distinct from ${generation}::uuid)`),

    /**
     * Those that have all the words, before those that have some. Scores of the first are above 1.
     * @param query As people write it: quotes hold words together, `-` before a word leaves out what has it.
     */
    async byWords(collectionId: string, language: string, query: string, limit: number): Promise<Hit[]> {
      const whole = await ranked(collectionId, { language, query, anyWord: false }, limit)
      const all = whole.map(hit => ({ ...hit, score: 1 + hit.score }))
      if (all.length >= limit) return all
      const known = new Set(all.map(keyOf))
      const some = await ranked(
        collectionId,
        { language, query: query.split(/\s+/).slice(0, mostAnyWords).join(' '), anyWord: true },
        limit,
      )
      return [...all, ...some.filter(hit => !known.has(keyOf(hit)))].slice(0, limit)
    },

    /** Models by which documents of the collection were embedded; while one takes the place of another, both. */
    async models(collectionId: string): Promise<string[]> {
      const { rows } = await sql<{ model: string }>`
        select distinct embedding_model as model from knowledge_documents
        where collection_id = ${collectionId} and generation is not null and embedding_model is not null
        order by model`.execute(db)
      return rows.map(({ model }) => model)
    },

    /** By pgvector: exact, of those of these documents that it holds. */
    async nearestInDatabase(
      collectionId: string,
      documents: readonly EmbeddedDocument[],
      query: Float32Array,
      limit: number,
    ): Promise<Hit[]> {
      const ids = documents.map(({ id }) => id)
      const { rows } = await sql<Hit>`
        select * from knowledge_nearest(${collectionId}, ${ids}::uuid[], ${vectorText(query)}, ${limit}::integer)`.execute(
        db,
      )
      return rows
    },

    /** What is found by vectors of this model. */
    async embedded(collectionId: string, model: string, dimensions: number): Promise<EmbeddedDocument[]> {
      const { rows } = await sql<EmbeddedDocument>`
        select id, generation, chunks, is_packed from knowledge_documents
        where collection_id = ${collectionId} and embedding_model = ${model} and dimensions = ${dimensions}
          and generation is not null order by id`.execute(db)
      return rows
    },

    /** How many documents are found by vectors of this model that were of another size when they were made. */
    async embeddedOtherwise(collectionId: string, model: string, dimensions: number): Promise<number> {
      const { rows } = await sql<{ count: number }>`
        select count(*)::integer as count from knowledge_documents
        where collection_id = ${collectionId} and embedding_model = ${model} and dimensions <> ${dimensions}
          and generation is not null`.execute(db)
      return rows[0]?.count ?? 0
    },

    /** Vectors of some documents, or of a part of one: those with ordinals from `from` up to and with `to`. */
    async vectors(
      documents: readonly EmbeddedDocument[],
      { from, to }: { from: number; to: number },
    ): Promise<{ document_id: string; ordinal: number; embedding: Buffer }[]> {
      const { rows } = await sql<{ document_id: string; ordinal: number; embedding: Buffer }>`
        select c.document_id, c.ordinal, c.embedding
        from unnest(${documents.map(({ id }) => id)}::uuid[], ${documents.map(each => each.generation)}::uuid[])
          as wanted(id, generation)
        join knowledge_chunks c on c.document_id = wanted.id and c.generation = wanted.generation
        where c.ordinal between ${from} and ${to} and c.embedding is not null
        order by c.document_id, c.ordinal`.execute(db)
      return rows
    },

    /** What is found, in the order of the keys. What is gone meanwhile is left out. */
    async passages(hits: readonly Hit[]): Promise<Passage[]> {
      const { rows } = await sql<Passage & ChunkKey>`
        select c.document_id, d.name as document, c.generation, c.ordinal, c.text, c.headings, c.page, c.first_line, c.last_line
        from unnest(${hits.map(hit => hit.document_id)}::uuid[], ${hits.map(hit => hit.generation)}::uuid[],
          ${hits.map(hit => hit.ordinal)}::integer[]) as wanted(document_id, generation, ordinal)
        join knowledge_chunks c using (document_id, generation, ordinal)
        join knowledge_documents d on d.id = c.document_id`.execute(db)
      const byKey = new Map(rows.map(row => [keyOf(row), row]))
      return hits.flatMap(hit => {
        const row = byKey.get(keyOf(hit))
        if (!row) return []
        const { generation: _generation, ordinal: _ordinal, ...passage } = row
        return [{ ...passage, score: hit.score }]
      })
    },

    /** Whether pgvector is here, as of the last migration. */
    async hasVectors(): Promise<boolean> {
      const { rows } = await sql<{ found: boolean }>`
        select exists (
          select from pg_attribute where attrelid = 'knowledge_chunks'::regclass and attname = 'vector'
            and not attisdropped) as found`.execute(db)
      return rows[0]?.found === true
    },
  }
}

function keyOf({ document_id, generation, ordinal }: ChunkKey): string {
  return `${document_id} ${generation} ${ordinal}`
}

/** Little-endian, as all machines are that Node runs on. */
function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function vectorText(vector: Float32Array): string {
  return `[${vector.join()}]`
}
