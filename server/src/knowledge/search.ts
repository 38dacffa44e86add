import { createHash } from 'node:crypto'
import { isProblem, Problem, type SearchMode } from '@roundhouse/sdk/contract'
import type { Accounts } from '../accounts/accounts.ts'
import type { Caller } from '../accounts/caller.ts'
import type { Log } from '../kit/log.ts'
import type { Cache } from '../ports/cache.ts'
import type { Database } from '../ports/database.ts'
import { createChunkStore } from './chunks/store.ts'
import type { Collection, CollectionTarget, Hit, Passage } from './collection.ts'
import type { Collections } from './collections.ts'
import { type Embedder, unitVectors } from './embed.ts'
import { createExactSearch, groupsOf } from './exact.ts'
import { fuse } from './fuse.ts'
import type { KnowledgeTables } from './store.ts'

export type SearchOrder = { query: string; limit: number; mode: SearchMode; signal: AbortSignal }

/** `warning` says why it was not searched by vectors too, or not all of it. */
export type Found = { collection: Collection; passages: Passage[]; warning: string | null }

/**
 * Finds passages with the caller's rights. What is asked is embedded for the collection's owner, as its documents are,
 * and remembered for a while.
 * @throws Problem `resource-not-found`; with the mode `vector` also `invalid-request` where there are none, and those of
 *   the model. `fused` goes on by words then.
 */
export type Search = (caller: Caller, target: CollectionTarget, order: SearchOrder) => Promise<Found>

const rememberedSeconds = 600
/** Of each list, for the fusion: what both find may stand far behind in either. */
const depthTimes = 4
const leastDepth = 40
/** Chunks that one query compares, of the 1.8 s that it has: 30,000 of 384 numbers took 0.5 s (2026-11). */
const comparedAtATime = 20_000

export function createSearch(dependencies: {
  database: Database<KnowledgeTables>
  collections: Pick<Collections, 'find'>
  accounts: Pick<Accounts, 'owner'>
  embedder: Embedder
  cache: Cache
  log: Log
}): Search {
  const { database, collections, accounts, embedder, cache, log } = dependencies
  const system = createChunkStore(database.system)
  const exact = createExactSearch({ store: system })

  async function queryVector(
    { owner_id }: Collection,
    model: string,
    { query, signal }: SearchOrder,
  ): Promise<Float32Array> {
    const key = `knowledge:${createHash('sha256')
      .update(JSON.stringify([owner_id, model, query]))
      .digest('hex')}`
    const known = await cache.get(key)
    if (known) return new Float32Array(Uint8Array.from(known).buffer)
    const owner = await accounts.owner(owner_id)
    if (!owner)
      throw new Problem('forbidden', 'The owner of the collection may not use this server any more.')
    const [vector] = await unitVectors(embedder, owner, { model, texts: [query], workId: undefined, signal })
    if (!vector) throw new Problem('model-failed', `The model ${model} gave no vector.`)
    await cache.set(key, new Uint8Array(vector.buffer), rememberedSeconds)
    return vector
  }

  async function byVectors(
    caller: Caller,
    collection: Collection,
    order: SearchOrder,
    depth: number,
  ): Promise<{ hits: Hit[]; warning: string | null }> {
    const { id } = collection
    const models = await database.as(caller, db => createChunkStore(db).models(id))
    const hits: Hit[] = []
    let warning: string | null = null
    for (const model of models) {
      const vector = await queryVector(collection, model, order)
      const { documents, others } = await database.as(caller, async db => {
        const store = createChunkStore(db)
        return {
          documents: await store.embedded(id, model, vector.length),
          others: await store.embeddedOtherwise(id, model, vector.length),
        }
      })
      if (others > 0) warning = otherSize(model, others)
      if (await system.hasVectors())
        for (const group of groupsOf(documents, comparedAtATime)) {
          order.signal.throwIfAborted()
          const near = await database.as(caller, db =>
            createChunkStore(db).nearestInDatabase(id, group, vector, depth),
          )
          hits.push(...near)
        }
      const packed = documents.filter(({ is_packed }) => is_packed)
      hits.push(...(await exact(packed, vector, depth, order.signal)))
    }
    return { hits: hits.sort((a, b) => b.score - a.score).slice(0, depth), warning }
  }

  return async (caller, target, order) => {
    const collection = await collections.find(caller, target)
    const { query, limit, mode } = order
    const depth = Math.max(leastDepth, depthTimes * limit)
    if (mode === 'vector' && collection.embedding_model === null)
      throw new Problem(
        'invalid-request',
        `mode: the collection ${collection.name} has no embedding_model, so that it is searched by words only.`,
      )
    const words =
      mode === 'vector'
        ? []
        : await database.as(caller, db =>
            createChunkStore(db).byWords(collection.id, collection.language, query, depth),
          )
    let near: Hit[] = []
    let warning: string | null = null
    if (mode !== 'words')
      try {
        const found = await byVectors(caller, collection, order, depth)
        near = found.hits
        warning = found.warning
      } catch (error) {
        if (mode === 'vector' || order.signal.aborted || !isProblem(error)) throw error
        log.warn('knowledge-embed-fail', { collection: collection.id, code: error.code })
        warning = `Found by words only: ${error.message}`
      }
    const hits = mode === 'fused' ? fuse([near, words], limit) : [...near, ...words].slice(0, limit)
    const passages = await database.as(caller, db => createChunkStore(db).passages(hits))
    return { collection, passages, warning }
  }
}

/** A model that is served here has a new version, or a provider changed what it serves. */
function otherSize(model: string, documents: number): string {
  return `By words only ${documents} of the documents: ${model} gives vectors of another size than when they were indexed. Index them anew: replace them, or take embedding_model from the collection and give it back.`
}
