import type { Accounts } from '../accounts/accounts.ts'
import type { Files } from '../files/files.ts'
import type { JobHandler, Jobs } from '../jobs/job.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Cache } from '../ports/cache.ts'
import type { Database } from '../ports/database.ts'
import type { DocumentReader } from '../ports/document-reader.ts'
import { type Collections, createCollections } from './collections.ts'
import { createDocuments, type Documents } from './documents.ts'
import type { Embedder } from './embed.ts'
import { createIndexHandler } from './indexing.ts'
import { createReindexHandler } from './reindexing.ts'
import { createSearch, type Search } from './search.ts'
import type { KnowledgeTables } from './store.ts'

/** Collections, the documents in them, and what is found in these. */
export type Knowledge = { collections: Collections; documents: Documents; search: Search }

export function createKnowledge<Tables extends KnowledgeTables>(dependencies: {
  database: Database<Tables>
  accounts: Pick<Accounts, 'owner'>
  files: Pick<Files, 'objects'>
  jobs: Pick<Jobs<Tables>, 'add'>
  reader: DocumentReader
  embedder: Embedder
  cache: Cache
  ids: Ids
  log: Log
}): { knowledge: Knowledge; handlers: JobHandler<Tables>[] } {
  const collections = createCollections(dependencies)
  const database = dependencies.database as unknown as Database<KnowledgeTables>
  return {
    knowledge: {
      collections,
      documents: createDocuments({ ...dependencies, collections }),
      search: createSearch({ ...dependencies, database, collections }),
    },
    handlers: [createIndexHandler(dependencies), createReindexHandler(dependencies)],
  }
}
