import { documentKind } from '@roundhouse/sdk/contract'
import { z } from 'zod'

export const indexKind = 'knowledge-index'
export const reindexKind = 'knowledge-reindex'

/** One document, as it is in this revision. */
export const indexPayload = z.object({ document_id: z.string(), revision: z.int() })
/** Every document of a collection that waits without a job. */
export const reindexPayload = z.object({ collection_id: z.string() })

/** `superseded`: the document is gone, or there is a newer revision, whose job does it. */
export const indexOutcome = z.union([
  z.object({ superseded: z.literal(true) }),
  z.object({
    superseded: z.literal(false),
    kind: documentKind,
    characters: z.int(),
    chunks: z.int(),
    embedding_model: z.string().nullable(),
    dimensions: z.int().nullable(),
  }),
])
