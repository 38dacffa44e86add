import { type Generated, type Kysely, type Selectable, sql } from 'kysely'

type ResumableUploadsTable = {
  id: string
  owner_id: string | null
  token_hash: Buffer | null
  bucket_id: string
  name: string
  content_type: string | null
  cache_control: string | null
  user_metadata: unknown
  upsert: boolean
  total_bytes: string | number | null
  max_bytes: string | number
  received_bytes: Generated<string | number>
  completed_at: Date | null
  expires_at: Date
  created_at: Generated<Date>
}

type ResumablePiecesTable = {
  upload_id: string
  start_byte: string | number
  size_bytes: string | number
  file_key: string
}

export type ResumableTables = {
  resumable_uploads: ResumableUploadsTable
  resumable_pieces: ResumablePiecesTable
}

export type ObjectDraft = {
  bucket: string
  name: string
  contentType: string | null
  cacheControl: string | null
  userMetadata: Record<string, unknown> | null
  upsert: boolean
}

export type StoredUpload = ObjectDraft & {
  id: string
  ownerId: string | null
  totalBytes: number | null
  maxBytes: number
  receivedBytes: number
  isComplete: boolean
  expiresAt: Date
}

export type NewUpload = Omit<StoredUpload, 'receivedBytes' | 'isComplete'> & { tokenHash: Buffer | null }

export type Piece = { startByte: number; sizeBytes: number; fileKey: string }

/** SQL of the uploads in pieces. Who sees which is row-level security's to keep, but for uploads begun by a token. */
export type ResumableStore = ReturnType<typeof createResumableStore>

export function createResumableStore(db: Kysely<ResumableTables>) {
  return {
    async insert(upload: NewUpload): Promise<void> {
      const { id, name, upsert } = upload
      await db
        .insertInto('resumable_uploads')
        .values({
          id,
          owner_id: upload.ownerId,
          token_hash: upload.tokenHash,
          bucket_id: upload.bucket,
          name,
          content_type: upload.contentType,
          cache_control: upload.cacheControl,
          user_metadata: upload.userMetadata === null ? null : JSON.stringify(upload.userMetadata),
          upsert,
          total_bytes: upload.totalBytes,
          max_bytes: upload.maxBytes,
          completed_at: null,
          expires_at: upload.expiresAt,
        })
        .execute()
    },

    /** Only one that has not expired; `tokenHash` is the one it was begun with, null for none. */
    async find(id: string, tokenHash: Buffer | null, now: Date): Promise<StoredUpload | undefined> {
      const row = await db
        .selectFrom('resumable_uploads')
        .selectAll()
        .where('id', '=', id)
        .where('token_hash', 'is not distinct from', tokenHash)
        .where('expires_at', '>', now)
        .executeTakeFirst()
      return row && toUpload(row)
    },

    /** Sets the length that was left open. False when it was set to another one before. */
    async setTotal(id: string, totalBytes: number): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('resumable_uploads')
        .set({ total_bytes: totalBytes })
        .where('id', '=', id)
        .where(where => where.or([where('total_bytes', 'is', null), where('total_bytes', '=', totalBytes)]))
        .where('received_bytes', '<=', totalBytes)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    /**
     * Takes a stored piece in where it begins at the end of what there is: the row's lock makes two appends, on
     * whatever replica, come one after the other. False when it does not begin there (any more).
     */
    async append(id: string, piece: Piece, expiresAt: Date): Promise<boolean> {
      const { numAffectedRows } = await sql`
        with moved as (
          update resumable_uploads
          set received_bytes = received_bytes + ${piece.sizeBytes}::bigint, expires_at = ${expiresAt}
          where id = ${id} and received_bytes = ${piece.startByte}::bigint and completed_at is null
          returning id
        )
        insert into resumable_pieces (upload_id, start_byte, size_bytes, file_key)
        select id, ${piece.startByte}::bigint, ${piece.sizeBytes}::bigint, ${piece.fileKey} from moved`.execute(
        db,
      )
      return (numAffectedRows ?? 0n) > 0n
    },

    async pieces(id: string): Promise<Piece[]> {
      const rows = await db
        .selectFrom('resumable_pieces')
        .select(['start_byte', 'size_bytes', 'file_key'])
        .where('upload_id', '=', id)
        .orderBy('start_byte')
        .execute()
      return rows.map(row => ({
        startByte: Number(row.start_byte),
        sizeBytes: Number(row.size_bytes),
        fileKey: row.file_key,
      }))
    },

    /** False when it is complete already, or gone. */
    async complete(id: string): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('resumable_uploads')
        .set({ completed_at: sql<Date>`now()` })
        .where('id', '=', id)
        .where('completed_at', 'is', null)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    /** False when it is complete, or gone. */
    async remove(id: string): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom('resumable_uploads')
        .where('id', '=', id)
        .where('completed_at', 'is', null)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },

    async removeExpired(now: Date): Promise<void> {
      await db.deleteFrom('resumable_uploads').where('expires_at', '<=', now).execute()
    },

    /** Which of these uploads still need their pieces. */
    async unfinished(ids: readonly string[]): Promise<Set<string>> {
      const rows = await db
        .selectFrom('resumable_uploads')
        .select('id')
        .where('completed_at', 'is', null)
        .where('id', 'in', [...ids])
        .execute()
      return new Set(rows.map(row => row.id))
    },
  }
}

function toUpload(row: Selectable<ResumableUploadsTable>): StoredUpload {
  return {
    id: row.id,
    ownerId: row.owner_id,
    bucket: row.bucket_id,
    name: row.name,
    contentType: row.content_type,
    cacheControl: row.cache_control,
    userMetadata: isObject(row.user_metadata) ? row.user_metadata : null,
    upsert: row.upsert,
    totalBytes: row.total_bytes === null ? null : Number(row.total_bytes),
    maxBytes: Number(row.max_bytes),
    receivedBytes: Number(row.received_bytes),
    isComplete: row.completed_at !== null,
    expiresAt: row.expires_at,
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
