import { z } from 'zod'
import { visibility } from './model.ts'
import { storableText } from './storable.ts'

/** How a text is cut and compared; the names are PostgreSQL's. `simple` takes words as they are. */
const languages = [
  'simple',
  'arabic',
  'danish',
  'dutch',
  'english',
  'finnish',
  'french',
  'german',
  'greek',
  'hungarian',
  'indonesian',
  'irish',
  'italian',
  'lithuanian',
  'nepali',
  'norwegian',
  'portuguese',
  'romanian',
  'russian',
  'spanish',
  'swedish',
  'tamil',
  'turkish',
] as const

/** Not an id, so that a tool can name either. */
const collectionName = storableText
  .min(1)
  .max(128)
  .refine(name => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name), { error: 'A name is no id.' })

const fields = {
  name: collectionName,
  description: storableText.max(10_000).nullable(),
  visibility,
  /** `<provider>/<model>`, or the name of a served model that is tagged `embedding`. Null: found by words only. */
  embedding_model: storableText.min(1).max(300).nullable(),
  /** Characters of a chunk at most. */
  chunk_size: z.int().min(200).max(8000),
  /** Characters that a chunk repeats of the one before; at most half of `chunk_size`. */
  chunk_overlap: z.int().min(0).max(4000),
  language: z.enum(languages),
}

/** Body of `POST /api/v1/knowledge`. */
export const createCollection = z.strictObject({
  name: fields.name,
  description: fields.description.default(null),
  visibility: fields.visibility.default('private'),
  embedding_model: fields.embedding_model.default(null),
  chunk_size: fields.chunk_size.default(1600),
  chunk_overlap: fields.chunk_overlap.default(200),
  language: fields.language.default('simple'),
})

/** Body of `PATCH /api/v1/knowledge/{id}`. What changes how it is indexed indexes every document anew. */
export const updateCollection = z
  .strictObject(fields)
  .partial()
  .refine(change => Object.keys(change).length > 0, { error: 'Name at least one field to change.' })

export const collection = z.object({
  id: z.string(),
  /** Null belongs to the house. */
  owner_id: z.string().nullable(),
  ...fields,
  name: z.string(),
  language: z.string(),
  /** Of all its documents, and of those that are found. */
  documents: z.int(),
  chunks: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
})

const page = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
}

export const listCollections = z.object(page)
export const collectionList = z.object({ data: z.array(collection), next_cursor: z.string().nullable() })

/** `queued` and `indexing`: what was found before is found until the new is ready. `failed`: `error` says why. */
export const documentStatus = z.enum(['queued', 'indexing', 'ready', 'failed'])
export const documentKind = z.enum(['text', 'markdown', 'html', 'pdf', 'csv', 'docx'])

export const knowledgeDocument = z.object({
  id: z.string(),
  collection_id: z.string(),
  name: z.string(),
  /** What it is by its content; null until it was read. */
  kind: documentKind.nullable(),
  content_type: z.string(),
  size_bytes: z.int(),
  sha256: z.string(),
  status: documentStatus,
  error: z.object({ code: z.string(), detail: z.string() }).nullable(),
  /** Those that are found now; of a document that is indexed anew those of before. */
  chunks: z.int(),
  characters: z.int().nullable(),
  /** By which these were embedded; null for words only. */
  embedding_model: z.string().nullable(),
  /** The job that indexes it, with its progress: `GET /api/v1/jobs/{id}`, for the owner of the collection. */
  job_id: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  indexed_at: z.string().nullable(),
})

export const listDocuments = z.object({ ...page, status: documentStatus.optional() })
export const documentList = z.object({ data: z.array(knowledgeDocument), next_cursor: z.string().nullable() })

export const documentName = storableText.min(1).max(255)

/** JSON body of `POST /api/v1/knowledge/{id}/documents` and of `PUT .../{document}`, which may leave the name out. */
export const documentSource = z.union([
  z.strictObject({ name: documentName.optional(), text: storableText.min(1) }),
  /** An object that the caller may read. */
  z.strictObject({
    name: documentName.optional(),
    bucket: z.string().min(1).max(100),
    path: z.string().min(1).max(1024),
  }),
])

/** Body of `POST /api/v1/knowledge/{id}/search`. */
export const searchKnowledge = z.strictObject({
  query: storableText.min(1).max(4000),
  limit: z.int().min(1).max(50).default(8),
  /** `vector`: by meaning, `words`: by words, `fused`: both, by their ranks. */
  mode: z.enum(['fused', 'vector', 'words']).default('fused'),
})

export const passage = z.object({
  document_id: z.string(),
  document: z.string(),
  text: z.string(),
  /** Outermost first. */
  headings: z.array(z.string()),
  /** From 1, where the document has pages or lines. */
  page: z.int().nullable(),
  first_line: z.int().nullable(),
  last_line: z.int().nullable(),
  /** Comparable within one answer only: a cosine (`vector`), a rank of words (`words`), a sum of reciprocal ranks (`fused`). */
  score: z.number(),
})

export const searchResult = z.object({
  data: z.array(passage),
  /** Why it was not searched by vectors too, or not all of it, where that was asked for. */
  warning: z.string().nullable(),
})

export type Collection = z.output<typeof collection>
export type CollectionList = z.output<typeof collectionList>
export type CreateCollection = z.input<typeof createCollection>
export type UpdateCollection = z.input<typeof updateCollection>
export type DocumentKind = z.output<typeof documentKind>
export type DocumentList = z.output<typeof documentList>
export type DocumentSource = z.input<typeof documentSource>
export type DocumentStatus = z.output<typeof documentStatus>
export type KnowledgeDocument = z.output<typeof knowledgeDocument>
export type Passage = z.output<typeof passage>
export type SearchKnowledge = z.input<typeof searchKnowledge>
export type SearchMode = z.output<typeof searchKnowledge>['mode']
export type SearchResult = z.output<typeof searchResult>
