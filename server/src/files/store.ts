import { type Generated, type Kysely, type Selectable, type SqlBool, sql } from 'kysely'
import type { ResumableTables } from './resumable/store.ts'

type BucketsTable = {
  id: string
  owner_id: string | null
  public: Generated<boolean>
  open_folders: Generated<boolean>
  internal: Generated<boolean>
  file_size_limit: string | number | null
  allowed_mime_types: string[] | null
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

type ObjectsTable = {
  id: string
  bucket_id: string
  name: string
  owner_id: string | null
  version: string
  size_bytes: string | number
  content_type: string
  cache_control: string
  sha256: string
  user_metadata: unknown
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

type InstallationTable = { only_one: Generated<boolean>; id: string }

/** Written by triggers. */
type RemovedVersionsTable = { version: string; removed_at: Date }

export type FileTables = {
  buckets: BucketsTable
  objects: ObjectsTable
  installation: InstallationTable
  removed_versions: RemovedVersionsTable
} & ResumableTables

export type Bucket = Omit<Selectable<BucketsTable>, 'file_size_limit'> & {
  readonly file_size_limit: number | null
}

/** One object. `sha256` is of its bytes, in hex, and is its entity tag. */
export type StoredObject = Omit<Selectable<ObjectsTable>, 'size_bytes' | 'user_metadata'> & {
  readonly size_bytes: number
  readonly user_metadata: Readonly<Record<string, unknown>> | null
}

export type NewObject = Omit<StoredObject, 'created_at' | 'updated_at'>

export type BucketChange = Partial<
  Pick<Bucket, 'public' | 'open_folders' | 'file_size_limit' | 'allowed_mime_types'>
>

export type BucketFilter = {
  search: string | undefined
  column: 'id' | 'created_at' | 'updated_at'
  order: 'asc' | 'desc'
  limit: number
  offset: number
}

/** SQL of buckets and objects. */
export type FilesStore = ReturnType<typeof createFilesStore>

export function createFilesStore(db: Kysely<FileTables>) {
  return {
    async bucket(id: string): Promise<Bucket | null> {
      const row = await db.selectFrom('buckets').selectAll().where('id', '=', id).executeTakeFirst()
      return row ? toBucket(row) : null
    },

    async buckets({ search, column, order, limit, offset }: BucketFilter): Promise<Bucket[]> {
      let query = db.selectFrom('buckets').selectAll().orderBy(column, order).orderBy('id')
      if (search !== undefined)
        query = query.where(sql<SqlBool>`strpos(lower(id), lower(${search}::text)) > 0`)
      return (await query.limit(limit).offset(offset).execute()).map(toBucket)
    },

    /** Null when there is one of this name. */
    async insertBucket(
      bucket: Pick<Bucket, 'id' | 'owner_id' | 'file_size_limit' | 'allowed_mime_types'> &
        Partial<Pick<Bucket, 'public' | 'open_folders'>>,
    ): Promise<Bucket | null> {
      const row = await db
        .insertInto('buckets')
        .values(bucket)
        .onConflict(conflict => conflict.column('id').doNothing())
        .returningAll()
        .executeTakeFirst()
      return row ? toBucket(row) : null
    },

    async changeBucket(id: string, change: BucketChange): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('buckets')
        .set({ ...change, updated_at: sql<Date>`now()` })
        .where('id', '=', id)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    /** `full` while there is an object in it. */
    async removeBucket(id: string): Promise<'removed' | 'full' | 'absent'> {
      // Locked, so that no object comes in between the two.
      const bucket = await db.selectFrom('buckets').select('id').where('id', '=', id).forUpdate().execute()
      if (bucket.length === 0) return 'absent'
      const object = await db
        .selectFrom('objects')
        .select('id')
        .where('bucket_id', '=', id)
        .limit(1)
        .execute()
      if (object.length > 0) return 'full'
      await db.deleteFrom('buckets').where('id', '=', id).execute()
      return 'removed'
    },

    /** How many there are, but not more than `atMost`. */
    async countObjects(bucketId: string, atMost: number): Promise<number> {
      const { count } = await db
        .selectFrom(
          db.selectFrom('objects').select('id').where('bucket_id', '=', bucketId).limit(atMost).as('some'),
        )
        .select(({ fn }) => fn.countAll<string>().as('count'))
        .executeTakeFirstOrThrow()
      return Number(count)
    },

    async holdsModelFiles(bucketId: string): Promise<boolean> {
      const { rows } = await sql<{ found: boolean }>`
        select exists (
          select from objects join models on models.file_version = objects.version
          where objects.bucket_id = ${bucketId}) as found`.execute(db)
      return rows[0]?.found === true
    },

    async object(bucketId: string, name: string): Promise<StoredObject | null> {
      const row = await db
        .selectFrom('objects')
        .selectAll()
        .where('bucket_id', '=', bucketId)
        .where('name', '=', name)
        .executeTakeFirst()
      return row ? toObject(row) : null
    },

    async objects(bucketId: string, names: readonly string[]): Promise<StoredObject[]> {
      const rows = await db
        .selectFrom('objects')
        .selectAll()
        .where('bucket_id', '=', bucketId)
        .where(sql<SqlBool>`name = any(${names}::text[])`)
        .execute()
      return rows.map(toObject)
    },

    /** Until the transaction ends nobody else puts an object at these names, or moves one to or from them. */
    async lockNames(...places: readonly { bucket: string; name: string }[]): Promise<void> {
      // Always in the same order: two that move into each other's place would wait for ever.
      const locks = places.map(({ bucket, name }) => `${bucket}/${name}`).sort()
      for (const lock of locks)
        await sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 21))`.execute(db)
    },

    /** Until the transaction ends nobody else who asks adds to what this user has. */
    async lockOwner(ownerId: string): Promise<void> {
      await sql`select pg_advisory_xact_lock(hashtextextended(${ownerId}, 22))`.execute(db)
    },

    /** Bytes of files that the user's plan gives; null for no limit. */
    async fileLimit(userId: string): Promise<number | null> {
      const { rows } = await sql<{ limit: number | null }>`
        select plans.max_file_bytes::float8 as limit
        from users join plans on plans.name = users.plan where users.id = ${userId}`.execute(db)
      return rows[0]?.limit ?? null
    },

    /** Bytes of the objects of a user; model files have a quota of their own. */
    async bytesOf(ownerId: string): Promise<number> {
      const { rows } = await sql<{ bytes: number }>`
        select coalesce(sum(size_bytes), 0)::float8 as bytes from objects
        where owner_id = ${ownerId} and bucket_id not in (select id from buckets where internal)`.execute(db)
      return rows[0]?.bytes ?? 0
    },

    /** Uploads in pieces that are not complete yet, and the bytes they have announced. */
    async openUploads(ownerId: string): Promise<{ count: number; bytes: number }> {
      const { rows } = await sql<{ count: number; bytes: number }>`
        select count(*)::integer as count, coalesce(sum(coalesce(total_bytes, received_bytes)), 0)::float8 as bytes
        from resumable_uploads
        where owner_id = ${ownerId} and completed_at is null and expires_at > now()`.execute(db)
      return rows[0] ?? { count: 0, bytes: 0 }
    },

    /** Adds, or gives the object of this name new bytes; its id stays. */
    async putObject(object: NewObject): Promise<StoredObject> {
      const { id: _id, bucket_id: _bucket, name: _name, ...rest } = object
      const user_metadata = object.user_metadata === null ? null : JSON.stringify(object.user_metadata)
      const row = await db
        .insertInto('objects')
        .values({ ...object, user_metadata })
        .onConflict(conflict =>
          conflict
            .columns(['bucket_id', 'name'])
            .doUpdateSet({ ...rest, user_metadata, updated_at: sql<Date>`now()` }),
        )
        .returningAll()
        .executeTakeFirstOrThrow()
      return toObject(row)
    },

    async moveObject(id: string, bucketId: string, name: string): Promise<StoredObject | null> {
      const row = await db
        .updateTable('objects')
        .set({ bucket_id: bucketId, name, updated_at: sql<Date>`now()` })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      return row ? toObject(row) : null
    },

    /** Those that still have the name they were found by. */
    async removeObjects(
      bucketId: string,
      objects: readonly Pick<StoredObject, 'id' | 'name'>[],
    ): Promise<StoredObject[]> {
      const rows = await db
        .deleteFrom('objects')
        .where(sql<SqlBool>`id = any(${objects.map(({ id }) => id)}::uuid[])`)
        .where('bucket_id', '=', bucketId)
        .where(sql<SqlBool>`name = any(${objects.map(({ name }) => name)}::text[])`)
        .returningAll()
        .execute()
      return rows.map(toObject)
    },

    /** Some of those in the bucket. */
    async removeSome(bucketId: string, limit: number): Promise<StoredObject[]> {
      const rows = await db
        .deleteFrom('objects')
        .where('bucket_id', '=', bucketId)
        .where(
          'id',
          'in',
          db.selectFrom('objects').select('id').where('bucket_id', '=', bucketId).limit(limit),
        )
        .returningAll()
        .execute()
      return rows.map(toObject)
    },

    async hasUser(id: string): Promise<boolean> {
      const { rows } = await sql`select from users where id = ${id}`.execute(db)
      return rows.length > 0
    },
  }
}

export function toObject(row: Selectable<ObjectsTable>): StoredObject {
  return {
    ...row,
    size_bytes: Number(row.size_bytes),
    user_metadata: row.user_metadata as StoredObject['user_metadata'],
  }
}

function toBucket(row: Selectable<BucketsTable>): Bucket {
  return { ...row, file_size_limit: row.file_size_limit === null ? null : Number(row.file_size_limit) }
}
