import {
  type Collection,
  type CollectionList,
  type CreateCollection,
  collection,
  collectionList,
  type DocumentList,
  type DocumentSource,
  type DocumentStatus,
  documentList,
  type KnowledgeDocument,
  knowledgeDocument,
  type SearchKnowledge,
  type SearchResult,
  searchResult,
  type UpdateCollection,
} from '../contract/knowledge.ts'
import type { FileBytes } from './form.ts'
import { iteratePages } from './pages.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import { type Call, type CallOptions, jsonCall, type Send } from './transport.ts'
import type { UploadProgress } from './upload.ts'

export type ListCollectionsOptions = CallOptions & { limit?: number; cursor?: string }
export type ListDocumentsOptions = ListCollectionsOptions & { status?: DocumentStatus }

/** A file with its name (a `File` has one), a text, or an object of a bucket. */
export type DocumentInput = { name?: string; file: FileBytes } | DocumentSource

export type DocumentOptions = CallOptions & { onProgress?: (progress: UploadProgress) => void }

/**
 * Collections of documents that are found by words and by meaning. Every call throws what `Send` throws, and
 * UnexpectedReply; Problem `resource-not-found` for what is not there or not for the caller, `forbidden` for a change of
 * another's.
 */
export type KnowledgeClient = {
  /** @throws Problem `conflict` for a name that there is. */
  create(collection: CreateCollection, options?: CallOptions): Promise<Collection>
  /** Newest first. */
  list(options?: ListCollectionsOptions): Promise<CollectionList>
  get(id: string, options?: CallOptions): Promise<Collection>
  /** What changes how it is indexed indexes all documents anew. */
  update(id: string, change: UpdateCollection, options?: CallOptions): Promise<Collection>
  /** With its documents and their files. */
  remove(id: string, options?: CallOptions): Promise<void>
  search(id: string, search: SearchKnowledge, options?: CallOptions): Promise<SearchResult>
  /** Stored at once; found once its status is `ready`. @throws Problem `conflict` for a name that there is. */
  addDocument(id: string, document: DocumentInput, options?: DocumentOptions): Promise<KnowledgeDocument>
  /** What is found of it stays until the new one is ready. */
  replaceDocument(
    id: string,
    documentId: string,
    document: DocumentInput,
    options?: DocumentOptions,
  ): Promise<KnowledgeDocument>
  /** Newest first. */
  documents(id: string, options?: ListDocumentsOptions): Promise<DocumentList>
  /** The same, page after page. */
  iterateDocuments(id: string, options?: ListDocumentsOptions): AsyncGenerator<KnowledgeDocument, void>
  document(id: string, documentId: string, options?: CallOptions): Promise<KnowledgeDocument>
  removeDocument(id: string, documentId: string, options?: CallOptions): Promise<void>
}

export function createKnowledgeClient(send: Send): KnowledgeClient {
  const documents: KnowledgeClient['documents'] = async (id, { limit, cursor, status, ...options } = {}) => {
    const query = { limit, cursor, status }
    const call = { method: 'GET', path: path`/api/v1/knowledge/${id}/documents`, query } as const
    return readReply(documentList, await send(call, options))
  }
  return {
    async create(draft, options) {
      const call = jsonCall('POST', '/api/v1/knowledge', JSON.stringify(draft))
      return readReply(collection, await send({ ...call, creates: true }, options))
    },
    async list({ limit, cursor, ...options } = {}) {
      const call = { method: 'GET', path: '/api/v1/knowledge', query: { limit, cursor } } as const
      return readReply(collectionList, await send(call, options))
    },
    async get(id, options) {
      return readReply(
        collection,
        await send({ method: 'GET', path: path`/api/v1/knowledge/${id}` }, options),
      )
    },
    async update(id, change, options) {
      const call = jsonCall('PATCH', path`/api/v1/knowledge/${id}`, JSON.stringify(change))
      return readReply(collection, await send(call, options))
    },
    async remove(id, options) {
      await send({ method: 'DELETE', path: path`/api/v1/knowledge/${id}` }, options)
    },
    async search(id, search, options) {
      const call = jsonCall('POST', path`/api/v1/knowledge/${id}/search`, JSON.stringify(search))
      return readReply(searchResult, await send({ ...call, idempotent: true }, options))
    },
    async addDocument(id, document, { onProgress, ...options } = {}) {
      const call = documentCall('POST', path`/api/v1/knowledge/${id}/documents`, document, onProgress)
      return readReply(knowledgeDocument, await send({ ...call, creates: true }, options))
    },
    async replaceDocument(id, documentId, document, { onProgress, ...options } = {}) {
      const to = path`/api/v1/knowledge/${id}/documents/${documentId}`
      return readReply(knowledgeDocument, await send(documentCall('PUT', to, document, onProgress), options))
    },
    documents,
    iterateDocuments: (id, options = {}) => iteratePages(page => documents(id, page), options),
    async document(id, documentId, options) {
      const call = { method: 'GET', path: path`/api/v1/knowledge/${id}/documents/${documentId}` } as const
      return readReply(knowledgeDocument, await send(call, options))
    },
    async removeDocument(id, documentId, options) {
      await send({ method: 'DELETE', path: path`/api/v1/knowledge/${id}/documents/${documentId}` }, options)
    },
  }
}

function documentCall(
  method: 'POST' | 'PUT',
  to: string,
  document: DocumentInput,
  onProgress: DocumentOptions['onProgress'],
): Call {
  if (!('file' in document)) return jsonCall(method, to, JSON.stringify(document))
  const { file, name } = document
  const fileName = name ?? (file instanceof Blob && 'name' in file ? String(file.name) : 'document')
  const parts = [
    { name: 'name', value: fileName },
    { name: 'file', file, fileName },
  ]
  return { method, path: to, upload: { parts, onProgress } }
}
