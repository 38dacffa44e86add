import { Problem } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import type { Accounts } from '../accounts/accounts.ts'
import { type Caller, maySee } from '../accounts/caller.ts'
import { isNotOwn, ownerOf } from '../accounts/ownership.ts'
import type { Files } from '../files/files.ts'
import { onBehalfOf } from '../files/put.ts'
import type { Jobs } from '../jobs/job.ts'
import type { Ids } from '../kit/ids.ts'
import type { Database, WithinTransaction } from '../ports/database.ts'
import { manageable, noCollection, visible } from './access.ts'
import { createChunkStore } from './chunks/store.ts'
import {
  type Collection,
  type CollectionDraft,
  type CollectionTarget,
  type CollectionView,
  knowledgeBucket,
  mostCollections,
  objectName,
} from './collection.ts'
import type { Embedder } from './embed.ts'
import { reindexKind, reindexPayload } from './payloads.ts'
import { createKnowledgeStore, type KnowledgeTables, type PageOf } from './store.ts'

/**
 * Collections of documents. What a caller may not see is answered with `resource-not-found` as if it were not there, what
 * they may see and not change with `forbidden`; row-level security says the same once more.
 */
export type Collections = {
  /** @throws Problem `conflict` for a name that its owner has, `quota-exceeded`, and what `Embedder.check` throws. */
  create(
    caller: Caller,
    draft: CollectionDraft,
    within?: WithinTransaction<CollectionView>,
  ): Promise<CollectionView>
  get(caller: Caller, id: string): Promise<CollectionView>
  /** Of a name: their own, else one of the house. What others share is meant by its id. */
  find(caller: Caller, target: CollectionTarget): Promise<Collection>
  /** Those that the caller may see, newest first: one more than asked for tells that there are more. */
  list(caller: Caller, page: PageOf): Promise<CollectionView[]>
  /** What changes how it is indexed indexes all documents anew; until then they are found as before. */
  update(caller: Caller, id: string, change: Partial<CollectionDraft>): Promise<CollectionView>
  /** With its documents, and their files. Begun anew it goes on where it was interrupted. */
  remove(caller: Caller, id: string): Promise<void>
}

const removedAtATime = 50

export function createCollections<Tables extends KnowledgeTables>(dependencies: {
  database: Database<Tables>
  accounts: Pick<Accounts, 'owner'>
  files: Pick<Files, 'objects'>
  jobs: Pick<Jobs<Tables>, 'add'>
  embedder: Embedder
  ids: Ids
}): Collections {
  const { accounts, files, jobs, embedder, ids } = dependencies
  // Of all tables those of this room.
  const database = dependencies.database as unknown as Database<KnowledgeTables>

  /** The owner's, who pays for it. */
  async function checkModel(ownerId: string | null, model: string | null | undefined): Promise<void> {
    if (model === null || model === undefined) return
    const owner = await accounts.owner(ownerId)
    if (!owner)
      throw new Problem('forbidden', 'The owner of the collection may not use this server any more.')
    await embedder.check(owner, model)
  }

  async function get(caller: Caller, id: string): Promise<CollectionView> {
    return visible(caller, await database.as(caller, db => createKnowledgeStore(db).collection(id)), { id })
  }

  return {
    async create(caller, draft, within) {
      const ownerId = ownerOf(caller, 'a collection', 'Collections are made by users')
      checkSizes(draft)
      await checkModel(ownerId, draft.embedding_model)
      return database.as(caller, async db => {
        const store = createKnowledgeStore(db)
        if (ownerId !== null && (await store.countLocked(ownerId)) >= mostCollections)
          throw new Problem(
            'quota-exceeded',
            `A user has ${mostCollections} collections at most. Remove some with DELETE /api/v1/knowledge/{id}.`,
          )
        const collection = await store.insertCollection({ ...draft, id: ids.uuid(), owner_id: ownerId })
        if (!collection) throw taken(draft.name)
        const made = { ...collection, documents: 0, chunks: 0 }
        await within?.(db, made)
        return made
      })
    },

    get,

    async find(caller, target) {
      const found = await database.as(caller, db => createKnowledgeStore(db).find(target, caller.userId))
      return visible(caller, found, target)
    },

    async list(caller, page) {
      const rows = await database.as(caller, db => createKnowledgeStore(db).collections(page))
      return rows.filter(collection => maySee(caller, collection))
    },

    async update(caller, id, change) {
      const before = manageable(caller, await get(caller, id))
      if (change.embedding_model !== before.embedding_model)
        await checkModel(before.owner_id, change.embedding_model)
      await database
        .as(caller, async (db, audit) => {
          const store = createKnowledgeStore(db)
          const locked = await store.lock(id)
          if (!locked) throw noCollection({ id })
          const after = await store.updateCollection(id, change)
          if (!after) throw noCollection({ id })
          checkSizes(after)
          if (isNotOwn(caller, after)) await audit('knowledge-update', id, { owner_id: after.owner_id })
          if (isIndexedAlike(locked, after)) return
          await store.renewDocuments(id)
          await jobs.add(db as unknown as Kysely<Tables>, {
            kind: reindexKind,
            ownerId: after.owner_id,
            payload: reindexPayload.parse({ collection_id: id }),
          })
        })
        .catch(error => {
          throw isTaken(error) ? taken(change.name ?? '', error) : error
        })
      return get(caller, id)
    },

    async remove(caller, id) {
      const collection = manageable(caller, await get(caller, id))
      const all = createKnowledgeStore(database.system)
      for (;;) {
        const some = await all.documents(id, { beforeId: undefined, limit: removedAtATime })
        if (some.length === 0) break
        // Before their rows: whose names are gone nobody could remove.
        await files.objects.removeMany(
          onBehalfOf(collection.owner_id),
          knowledgeBucket,
          some.map(document => objectName(collection, document)),
        )
        for (const document of some) {
          await createChunkStore(database.system).removeOf(document.id)
          await all.removeDocument(document.id)
        }
      }
      await database.as(caller, async (db, audit) => {
        await createKnowledgeStore(db).removeCollection(id)
        if (isNotOwn(caller, collection))
          await audit('knowledge-remove', id, { owner_id: collection.owner_id })
      })
    },
  }
}

function checkSizes({ chunk_size, chunk_overlap }: Pick<Collection, 'chunk_size' | 'chunk_overlap'>): void {
  if (chunk_overlap * 2 <= chunk_size) return
  throw new Problem('invalid-request', 'chunk_overlap: at most half of chunk_size.')
}

function isIndexedAlike(a: Collection, b: Collection): boolean {
  return (
    a.embedding_model === b.embedding_model &&
    a.chunk_size === b.chunk_size &&
    a.chunk_overlap === b.chunk_overlap &&
    a.language === b.language
  )
}

function taken(name: string, cause?: unknown): Problem {
  return new Problem('conflict', `name: there is a collection ${name} of the same owner already.`, { cause })
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505'
}
