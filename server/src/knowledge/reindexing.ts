import type { Kysely } from 'kysely'
import type { JobHandler, Jobs } from '../jobs/job.ts'
import type { Ids } from '../kit/ids.ts'
import type { Database } from '../ports/database.ts'
import { indexKind, indexPayload, reindexKind, reindexPayload } from './payloads.ts'
import { createKnowledgeStore, type KnowledgeTables } from './store.ts'

const timeoutMs = 10 * 60_000
const atATime = 50

/** Gives every document of a collection that waits a job of its own. Done twice it finds those that are left. */
export function createReindexHandler<Tables extends KnowledgeTables>(dependencies: {
  database: Database<Tables>
  jobs: Pick<Jobs<Tables>, 'add'>
  ids: Ids
}): JobHandler<Tables> {
  const { jobs, ids } = dependencies
  const database = dependencies.database as unknown as Database<KnowledgeTables>

  async function addSome(collectionId: string): Promise<number> {
    return database.asSystem(async db => {
      const store = createKnowledgeStore(db)
      const collection = await store.find({ id: collectionId }, null)
      if (!collection) return 0
      const documents = await store.takeWaiting(collectionId, atATime)
      for (const { id: document_id, revision } of documents) {
        const id = ids.uuid()
        await jobs.add(db as unknown as Kysely<Tables>, {
          id,
          kind: indexKind,
          ownerId: collection.owner_id,
          payload: indexPayload.parse({ document_id, revision }),
        })
        await store.setJob(document_id, id)
      }
      return documents.length
    })
  }

  return {
    kind: reindexKind,
    queue: 'default',
    maxAttempts: 5,
    timeoutMs,
    async run({ job, signal, progress }) {
      const { collection_id } = reindexPayload.parse(job.payload)
      let documents = 0
      for (let added = atATime; added > 0; documents += added) {
        signal.throwIfAborted()
        added = await addSome(collection_id)
        progress(documents + added, null, 'documents')
      }
      return { documents }
    },
  }
}
