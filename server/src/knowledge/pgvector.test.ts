import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { openDatabase } from '../adapters/postgres/database.ts'
import { silentLog } from '../kit/log.ts'
import { newCaller } from '../testing/callers.ts'
import { defer } from '../testing/defer.ts'
import { startPgvector } from '../testing/pgvector.ts'
import { createChunkStore } from './chunks/store.ts'
import { createExactSearch } from './exact.ts'
import { createKnowledgeStore, type KnowledgeTables } from './store.ts'

const file = { after }
const { appUrl } = await startPgvector(file)
const database = openDatabase<KnowledgeTables>({
  url: appUrl,
  applicationName: 'rh-test',
  max: 2,
  systemMax: 1,
  log: silentLog,
})
defer(file, database.close)
const chunks = createChunkStore(database.system)
const rows = createKnowledgeStore(database.system)
const [ann, bob] = [await newCaller(database.system), await newCaller(database.system)]

/** A document of ann's with these vectors, in the database's column or in ours. */
async function indexed(
  collection: string,
  vectors: readonly number[][],
  inDatabase: boolean,
): Promise<string> {
  const [id, generation] = [randomUUID(), randomUUID()]
  const bytes = {
    content_type: 'text/plain',
    size_bytes: 1,
    sha256: '0'.repeat(64),
    object_version: randomUUID(),
  }
  const made = await rows.insertDocument({ ...bytes, id, collection_id: collection, name: id, job_id: null })
  assert.ok(made)
  const place = { document_id: id, generation, collection_id: collection }
  const places = { headings: [], page: null, first_line: null, last_line: null }
  const all = vectors.map((vector, ordinal) => ({
    ...places,
    text: `${ordinal}`,
    ordinal,
    vector: Float32Array.from(vector),
  }))
  await chunks.insert(place, 'simple', all, inDatabase)
  const about = {
    kind: 'text',
    characters: 1,
    chunks: vectors.length,
    embedding_model: 'm',
    dimensions: 2,
  } as const
  assert.ok(await rows.publish(made, generation, about))
  return id
}

const documentsOf = (id: string) => chunks.embedded(id, 'm', 2)

async function collectionOf(visibility: 'private' | 'users'): Promise<string> {
  const made = await rows.insertCollection({
    id: randomUUID(),
    owner_id: ann.userId,
    name: randomUUID(),
    description: null,
    visibility,
    embedding_model: 'm',
    chunk_size: 1600,
    chunk_overlap: 0,
    language: 'simple',
  })
  assert.ok(made)
  return made.id
}

const east = Float32Array.of(1, 0)
const vectors = [
  [0, 1],
  [0.6, 0.8],
  [1, 0],
  [0, 0],
]

test('a database with pgvector finds the nearest by it, as the server does elsewhere', async () => {
  assert.equal(await chunks.hasVectors(), true)
  const id = await collectionOf('private')
  const one = await indexed(id, vectors, true)
  const documents = await documentsOf(id)
  const near = await database.as(ann, db => createChunkStore(db).nearestInDatabase(id, documents, east, 10))
  assert.deepEqual(
    near.map(({ document_id, ordinal, score }) => [document_id, ordinal, Math.fround(score)]),
    [
      [one, 2, 1],
      [one, 1, Math.fround(0.6)],
      [one, 0, 0],
      [one, 3, 0],
    ],
  )
  assert.deepEqual(
    documents.map(each => each.is_packed),
    [false],
    'nothing is left for the server',
  )
  const other = await collectionOf('private')
  await indexed(other, vectors, false)
  const packed = await documentsOf(other)
  const exact = await createExactSearch({ store: chunks })(packed, east, 10, new AbortController().signal)
  assert.deepEqual(
    exact.map(({ ordinal, score }) => [ordinal, Math.fround(score)]),
    near.map(({ ordinal, score }) => [ordinal, Math.fround(score)]),
  )
})

test('what was indexed before pgvector came is found beside what was indexed since', async () => {
  const id = await collectionOf('private')
  const before = await indexed(id, [[1, 0]], false)
  const since = await indexed(id, [[0.6, 0.8]], true)
  const documents = await documentsOf(id)
  assert.deepEqual(
    documents.filter(each => each.is_packed).map(each => each.id),
    [before],
  )
  const near = await chunks.nearestInDatabase(id, documents, east, 5)
  assert.deepEqual(
    near.map(hit => hit.document_id),
    [since],
  )
})

test('the search by pgvector shows nobody what they may not see', async () => {
  const id = await collectionOf('private')
  await indexed(id, vectors, true)
  const documents = await documentsOf(id)
  const search = () => database.as(bob, db => createChunkStore(db).nearestInDatabase(id, documents, east, 5))
  assert.deepEqual(await search(), [])
  await sql`update knowledge_collections set visibility = 'users' where id = ${id}`.execute(database.system)
  assert.equal((await search()).length, 4)
})
