import type { Entry } from '../files/listing/store.ts'
import type { Bucket, StoredObject } from '../files/store.ts'

/** Rows as clients of Supabase Storage expect them. */
export function bucketBody(bucket: Bucket) {
  return {
    id: bucket.id,
    name: bucket.id,
    owner: bucket.owner_id ?? '',
    public: bucket.public,
    open_folders: bucket.open_folders,
    file_size_limit: bucket.file_size_limit,
    allowed_mime_types: bucket.allowed_mime_types,
    created_at: bucket.created_at.toISOString(),
    updated_at: bucket.updated_at.toISOString(),
  }
}

export function objectBody(object: StoredObject) {
  return {
    ...listedObject(object.name, object),
    bucket_id: object.bucket_id,
    owner: object.owner_id ?? '',
    owner_id: object.owner_id,
    version: object.version,
    user_metadata: object.user_metadata,
  }
}

export function infoBody(object: StoredObject) {
  return {
    id: object.id,
    name: object.name,
    version: object.version,
    bucket_id: object.bucket_id,
    size: object.size_bytes,
    content_type: object.content_type,
    cache_control: object.cache_control,
    etag: `"${object.sha256}"`,
    metadata: object.user_metadata,
    last_modified: object.updated_at.toISOString(),
    created_at: object.created_at.toISOString(),
  }
}

/** @param name As the list shows it. */
export function entryBody(name: string, { object }: Entry) {
  return object
    ? listedObject(name, object)
    : { name, id: null, updated_at: null, created_at: null, last_accessed_at: null, metadata: null }
}

function listedObject(name: string, object: StoredObject) {
  const updatedAt = object.updated_at.toISOString()
  return {
    name,
    id: object.id,
    updated_at: updatedAt,
    created_at: object.created_at.toISOString(),
    // Reads are not written down.
    last_accessed_at: updatedAt,
    metadata: {
      eTag: `"${object.sha256}"`,
      size: object.size_bytes,
      mimetype: object.content_type,
      cacheControl: object.cache_control,
      lastModified: updatedAt,
      contentLength: object.size_bytes,
      httpStatusCode: 200,
    },
  }
}
