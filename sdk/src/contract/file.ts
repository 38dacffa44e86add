import { z } from 'zod'

/** What a bucket may allow. */
export const mediaRange = z.string().regex(/^[\w!#$&^.+*-]{1,100}\/[\w!#$&^.+*-]{1,100}$/, {
  error: 'is a media type such as image/png, or image/* for all of a kind',
})

/** Buckets and objects in the wire format of Supabase Storage, under `/storage/v1`. */
export const bucket = z.object({
  id: z.string(),
  name: z.string(),
  /** Empty for one of the house. */
  owner: z.string(),
  /** Everyone reads its objects by `publicUrl`. */
  public: z.boolean(),
  /** Users read and add everywhere in it, and change what they added. Else each has only the folder of their own id. */
  open_folders: z.boolean(),
  /** Bytes; null for the server's own limit. */
  file_size_limit: z.number().nullable(),
  /** `image/png`, `image/*`; null allows all. */
  allowed_mime_types: z.array(z.string()).nullable(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
})
export const bucketList = z.array(bucket)

export const updateBucket = z.object({
  public: z.boolean().optional(),
  open_folders: z.boolean().optional(),
  /** Bytes, or text such as `50MB` (a megabyte is a million bytes); null removes the limit. */
  file_size_limit: z.union([z.int().min(0), z.string()]).nullish(),
  allowed_mime_types: z.array(z.string()).nullish(),
})
export const createBucket = updateBucket.extend({ name: z.string() })

/** What `GET /object/info/{bucket}/{name}` tells. */
export const fileInfo = z.object({
  id: z.uuid(),
  name: z.string(),
  version: z.string(),
  bucket_id: z.string(),
  /** Bytes. */
  size: z.number(),
  content_type: z.string(),
  cache_control: z.string(),
  /** Changes with every change of the bytes. */
  etag: z.string(),
  /** What was given at the upload. */
  metadata: z.record(z.string(), z.unknown()).nullable(),
  last_modified: z.iso.datetime(),
  created_at: z.iso.datetime(),
})

/** What lies in a folder: an object, or a folder, whose `id` is null. */
export const fileEntry = z.object({
  name: z.string(),
  id: z.uuid().nullable(),
  created_at: z.iso.datetime().nullable(),
  updated_at: z.iso.datetime().nullable(),
  metadata: z.object({ size: z.number(), mimetype: z.string(), eTag: z.string() }).nullable(),
})
export const fileEntries = z.array(fileEntry)

/** One page of `POST /object/list-v2/{bucket}`, with full names. */
export const filePage = z.object({
  hasNext: z.boolean(),
  nextCursor: z.string().optional(),
  objects: fileEntries,
})

export const storedFile = z.object({ Key: z.string(), Id: z.uuid().optional() })
export const removedFiles = z.array(z.object({ name: z.string() }))
export const signedDownload = z.object({ signedURL: z.string() })
export const signedDownloads = z.array(
  z.object({ path: z.string(), signedURL: z.string().nullable(), error: z.string().nullable() }),
)
export const signedUpload = z.object({ url: z.string(), token: z.string() })

export type Bucket = z.infer<typeof bucket>
export type CreateBucket = z.infer<typeof createBucket>
export type UpdateBucket = z.infer<typeof updateBucket>
export type FileInfo = z.infer<typeof fileInfo>
export type FileEntry = z.infer<typeof fileEntry>
