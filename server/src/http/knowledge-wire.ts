import type {
  Collection as CollectionBody,
  KnowledgeDocument as DocumentBody,
} from '@roundhouse/sdk/contract'
import type { CollectionView, KnowledgeDocument } from '../knowledge/collection.ts'

/** A collection as the contract shows it. */
export function collectionBody(collection: CollectionView): CollectionBody {
  return {
    ...collection,
    created_at: collection.created_at.toISOString(),
    updated_at: collection.updated_at.toISOString(),
  }
}

/** A document as the contract shows it: without the columns that are ours alone. */
export function documentBody(document: KnowledgeDocument): DocumentBody {
  const {
    object_version: _object,
    revision: _revision,
    generation: _generation,
    dimensions: _size,
    ...rest
  } = document
  return {
    ...rest,
    created_at: document.created_at.toISOString(),
    updated_at: document.updated_at.toISOString(),
    indexed_at: document.indexed_at?.toISOString() ?? null,
  }
}
