import { Problem } from '@roundhouse/sdk/contract'
import type { Accounts } from '../accounts/accounts.ts'
import { createDocumentReader } from '../adapters/documents/reader.ts'
import type { Files } from '../files/files.ts'
import { embeddingIn } from '../http/openai/embeddings.ts'
import { servedModelOf } from '../http/openai/served-model.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Embedder } from '../knowledge/embed.ts'
import { createKnowledge, type Knowledge } from '../knowledge/knowledge.ts'
import { modelLabel } from '../models/model.ts'
import type { Serving } from '../models/serving.ts'
import type { Embeddings } from '../predictions/embeddings/embeddings.ts'
import type { Providers } from '../providers/provider.ts'
import type { Gateway } from '../runs/gateway/gateway.ts'
import type { BuiltJobs } from './build-jobs.ts'
import type { Ground } from './choose.ts'

/** Of one document: a PDF of 500 pages takes some seconds. */
const readTimeoutMs = 60_000
const readMemoryBytes = 1_000_000_000

type Models = {
  serving: Pick<Serving, 'row'>
  embeddings: Embeddings
  /** Made later than this, since agents search what is here. */
  answering: () => { gateway: Pick<Gateway, 'embed'>; providers: Pick<Providers, 'find'> }
}

/** Documents that are found by words and by vectors. */
export function buildKnowledge(
  { database, cache }: Ground,
  { jobs, handlers }: BuiltJobs,
  rooms: Models & { accounts: Pick<Accounts, 'owner'>; files: Files; ids: Ids; log: Log },
): { knowledge: Knowledge; close(): Promise<void> } {
  const reader = createDocumentReader({
    log: rooms.log,
    timeoutMs: readTimeoutMs,
    memoryBytes: readMemoryBytes,
  })
  const built = createKnowledge({
    ...rooms,
    database,
    cache,
    jobs,
    reader,
    embedder: createEmbedder(rooms),
  })
  handlers.push(...built.handlers)
  return { knowledge: built.knowledge, close: reader.close }
}

/** By the models of providers and those that are served here, paid as at `POST /v1/embeddings`. */
function createEmbedder({ serving, embeddings, answering }: Models): Embedder {
  return {
    async embed(payer, { model, texts, workId, signal }) {
      const served = servedModelOf(model)
      if (served)
        return embeddings.embed(payer, { model: served, items: texts, dimensions: undefined, signal, workId })
      const request = { input: texts, encoding_format: 'float' }
      const { data } = await answering().gateway.embed(payer, { model, request, workId }, signal)
      return data
        .toSorted((a, b) => a.index - b.index)
        .map(({ embedding }) => {
          const vector = embeddingIn('float', embedding)
          return typeof vector === 'string' ? [] : vector
        })
    },

    async check(payer, model) {
      const served = servedModelOf(model)
      if (!served) {
        answering().providers.find(model, 'embedding')
        return
      }
      const row = await serving.row(payer, served)
      if (row.kind === 'embedding') return
      throw new Problem(
        'invalid-request',
        `embedding_model: ${modelLabel(row)} is not tagged as a model for embeddings. PATCH /api/v1/models/${row.id} with {"kind":"embedding"} does so.`,
      )
    },
  }
}
