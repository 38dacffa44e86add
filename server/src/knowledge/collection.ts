import type { DocumentKind, DocumentStatus, ProblemCode, Visibility } from '@roundhouse/sdk/contract'

/** How the documents of a collection are indexed. */
export type Indexing = {
  /** `<provider>/<model>`, or the name of a served model. Null: by words only. */
  readonly embedding_model: string | null
  /** Characters. */
  readonly chunk_size: number
  readonly chunk_overlap: number
  /** The name of a text search configuration. */
  readonly language: string
}

export type Collection = Indexing & {
  readonly id: string
  /** Null belongs to the house. */
  readonly owner_id: string | null
  readonly name: string
  readonly description: string | null
  readonly visibility: Visibility
  readonly created_at: Date
  readonly updated_at: Date
}

/** With how much there is in it. */
export type CollectionView = Collection & { readonly documents: number; readonly chunks: number }

export type CollectionDraft = Pick<Collection, 'name' | 'description' | 'visibility'> & Indexing

/** Which collection a caller means. */
export type CollectionTarget = { id: string } | { name: string }

export type KnowledgeDocument = {
  readonly id: string
  readonly collection_id: string
  readonly name: string
  /** By its content; null until it was read. */
  readonly kind: DocumentKind | null
  readonly content_type: string
  readonly size_bytes: number
  readonly sha256: string
  readonly object_version: string
  readonly status: DocumentStatus
  readonly error: { readonly code: ProblemCode; readonly detail: string } | null
  readonly revision: number
  /** Of the chunks that are found. */
  readonly generation: string | null
  readonly chunks: number
  readonly characters: number | null
  readonly embedding_model: string | null
  readonly dimensions: number | null
  readonly job_id: string | null
  readonly created_at: Date
  readonly updated_at: Date
  readonly indexed_at: Date | null
}

/** A piece of a document that is found by itself. */
export type Chunk = {
  readonly text: string
  /** Outermost first. */
  readonly headings: readonly string[]
  readonly page: number | null
  readonly first_line: number | null
  readonly last_line: number | null
}

/** A chunk, by the key of its row. */
export type ChunkKey = { readonly document_id: string; readonly generation: string; readonly ordinal: number }

export type Hit = ChunkKey & { readonly score: number }

export type Passage = Chunk & {
  readonly document_id: string
  readonly document: string
  readonly score: number
}

export const knowledgeBucket = 'knowledge'
export const mostDocumentBytes = 25 * 1024 * 1024
export const mostDocuments = 1000
/** Of one user. */
export const mostCollections = 100
export const mostChunks = 20_000

/** The object that holds a document as it came. */
export function objectName(
  { owner_id, id }: Pick<Collection, 'owner_id' | 'id'>,
  document: Pick<KnowledgeDocument, 'id'>,
): string {
  return `${owner_id ?? 'house'}/${id}/${document.id}`
}
