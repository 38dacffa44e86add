import { buffer } from 'node:stream/consumers'
import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import type { Accounts } from '../accounts/accounts.ts'
import type { Caller } from '../accounts/caller.ts'
import type { Files } from '../files/files.ts'
import type { Job, JobContext, JobHandler, Json } from '../jobs/job.ts'
import type { Database } from '../ports/database.ts'
import type { DocumentReader, ReadDocument } from '../ports/document-reader.ts'
import { chunksOf } from './chunker.ts'
import { createChunkStore, type NewChunk } from './chunks/store.ts'
import {
  type Chunk,
  type Collection,
  type KnowledgeDocument,
  knowledgeBucket,
  mostChunks,
  objectName,
} from './collection.ts'
import { type Embedder, embeddedText, unitVectors } from './embed.ts'
import { indexKind, indexOutcome, indexPayload } from './payloads.ts'
import { createKnowledgeStore, type KnowledgeTables } from './store.ts'

const timeoutMs = 6 * 3600 * 1000
/** Providers that are busy are asked again for about ten minutes. */
const maxAttempts = 12
/** A reader that ends its process does not end ours; whatever does is not to do so for ever. */
const mostCrashes = 3
/** Providers take 100 at least, of some hundred thousand characters together. */
const embeddedAtATime = 64
const embeddedCharacters = 100_000
const wordsAtATime = 200

/**
 * Indexes one document: reads it, cuts it, and stores the chunks batch by batch under a generation of their own, which
 * is the job's id. Each batch is a step, so that what was embedded is paid once. In the transaction that ends the job
 * the generation takes the place of the one before.
 */
export function createIndexHandler<Tables extends KnowledgeTables>(dependencies: {
  database: Database<Tables>
  accounts: Pick<Accounts, 'owner'>
  files: Pick<Files, 'objects'>
  reader: DocumentReader
  embedder: Embedder
}): JobHandler<Tables> {
  const { accounts, files, reader, embedder } = dependencies
  const database = dependencies.database as unknown as Database<KnowledgeTables>
  const rows = createKnowledgeStore(database.system)
  const chunkStore = createChunkStore(database.system)

  async function run({ job, signal, step, progress }: JobContext): Promise<Json> {
    const wanted = indexPayload.parse(job.payload)
    const found = await begin(wanted)
    if (!found) return { superseded: true }
    const { document, collection } = found
    const read = await readBytes(collection, document, signal)
    const chunks = chunksOf(read.blocks, collection)
    refuseMany(chunks, collection)
    const { embedding_model: model } = collection
    const payer = model === null ? undefined : await payerOf(collection)
    const inDatabase = await chunkStore.hasVectors()

    let dimensions: number | null = null
    let done = 0
    for (const [index, batch] of batchesOf(chunks, model !== null).entries()) {
      const first = done
      const size = await step<number | null>(`batch-${index}`, async workId => {
        const texts = batch.map(embeddedText)
        const vectors =
          model === null || !payer ? [] : await unitVectors(embedder, payer, { model, texts, workId, signal })
        const stored = batch.map(
          (chunk, at): NewChunk => ({ ...chunk, ordinal: first + at, vector: vectors[at] ?? null }),
        )
        const place = { document_id: document.id, generation: job.id, collection_id: collection.id }
        if (!(await isWanted(wanted))) return 0
        await chunkStore.insert(place, collection.language, stored, inDatabase)
        return vectors[0]?.length ?? null
      })
      if (size === 0 || !(await isWanted(wanted))) return { superseded: true }
      if (dimensions !== null && size !== dimensions)
        throw new Problem(
          'model-failed',
          `The model ${model} gave vectors of ${dimensions} and of ${size} numbers.`,
        )
      dimensions = size
      done += batch.length
      progress(done, chunks.length, 'chunks')
    }
    const { kind, characters } = read
    return { superseded: false, kind, characters, chunks: done, embedding_model: model, dimensions }
  }

  /** Null when somebody else does it, or there is nothing to do. */
  async function begin(
    wanted: Pick<KnowledgeDocument, 'revision'> & { document_id: string },
  ): Promise<{ document: KnowledgeDocument; collection: Collection } | null> {
    const document = await rows.documentById(wanted.document_id)
    if (document?.revision !== wanted.revision) return null
    const collection = await rows.find({ id: document.collection_id }, null)
    if (!collection || !(await rows.setStatus(document, 'indexing'))) return null
    return { document, collection }
  }

  async function isWanted({
    document_id,
    revision,
  }: {
    document_id: string
    revision: number
  }): Promise<boolean> {
    return (await rows.documentById(document_id))?.revision === revision
  }

  async function readBytes(
    collection: Collection,
    document: KnowledgeDocument,
    signal: AbortSignal,
  ): Promise<ReadDocument> {
    const { name, content_type: contentType } = document
    try {
      const place = objectName(collection, document)
      const { object } = await files.objects.infoFor(knowledgeBucket, place, document.object_version)
      const bytes = await buffer(await files.objects.read(object))
      return await reader.read({ bytes, name, contentType }, signal)
    } catch (error) {
      if (isProblem(error) && ['object-not-found', 'object-bytes-missing'].includes(error.code))
        throw new Problem(
          'document-unreadable',
          'The file of the document was removed or replaced in the bucket.',
          {
            cause: error,
          },
        )
      throw error
    }
  }

  async function payerOf({ owner_id }: Collection): Promise<Caller> {
    const owner = await accounts.owner(owner_id)
    if (owner) return owner
    throw new Problem('forbidden', 'The owner of the collection may not use this server any more.')
  }

  async function ended(db: Kysely<Tables>, job: Job): Promise<void> {
    const { document_id: id, revision } = indexPayload.parse(job.payload)
    const own = db as unknown as Kysely<KnowledgeTables>
    const store = createKnowledgeStore(own)
    if (job.status !== 'done') {
      const error = job.error ?? { code: 'job-failed' as const, detail: 'Its job was cancelled.' }
      await store.setStatus({ id, revision }, 'failed', error)
      return
    }
    const outcome = indexOutcome.parse(job.result)
    const isPublished = !outcome.superseded && (await store.publish({ id, revision }, job.id, outcome))
    if (isPublished) await createChunkStore(own).removeOthers(id, job.id)
    else await createChunkStore(own).removeUnpublished(id, job.id)
  }

  return {
    kind: indexKind,
    queue: 'default',
    maxAttempts,
    mostCrashes,
    timeoutMs,
    run,
    ended,
    async retried(db, job) {
      const { document_id: id, revision } = indexPayload.parse(job.payload)
      await createKnowledgeStore(db as unknown as Kysely<KnowledgeTables>).setStatus(
        { id, revision },
        'queued',
      )
    },
    async forget({ id }) {
      await chunkStore.removeLeftOver(id)
    },
  }
}

/** @throws Problem `document-unreadable`. */
function refuseMany(chunks: readonly Chunk[], { chunk_size }: Collection): void {
  if (chunks.length <= mostChunks) return
  throw new Problem(
    'document-unreadable',
    `The document makes ${chunks.length} chunks of ${chunk_size} characters, and may make ${mostChunks}. Make them larger, or the document smaller.`,
  )
}

/** The same for the same chunks: what was done of them before is known by its number. */
function batchesOf(chunks: readonly Chunk[], isEmbedded: boolean): Chunk[][] {
  const [most, mostCharacters] = isEmbedded
    ? [embeddedAtATime, embeddedCharacters]
    : [wordsAtATime, Number.POSITIVE_INFINITY]
  const batches: Chunk[][] = []
  let characters = 0
  for (const chunk of chunks) {
    const last = batches.at(-1)
    if (!last || last.length >= most || characters + chunk.text.length > mostCharacters) {
      batches.push([chunk])
      characters = chunk.text.length
    } else {
      last.push(chunk)
      characters += chunk.text.length
    }
  }
  return batches
}
