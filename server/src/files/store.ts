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

export type FileTables = { buckets: BucketsTable; objects: ObjectsTable } & ResumableTables

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
      bucket: Pick<Bucket, 'id' | 'owner_id' | 'public' | 'file_size_limit' | 'allowed_mime_types'>,
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

    /** Until the transaction ends nobody else puts an object at this name. */
    async lockName(bucketId: string, name: string): Promise<void> {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`${bucketId}/${name}`}, 21))`.execute(db)
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

    async removeObjects(ids: readonly string[]): Promise<StoredObject[]> {
      const rows = await db
        .deleteFrom('objects')
        .where(sql<SqlBool>`id = any(${ids}::uuid[])`)
        .returningAll()
        .execute()
      return rows.map(toObject)
    },

    /** Some of those in the bucket. */
    async removeSome(bucketId: string, limit: number): Promise<StoredObject[]> {
      const rows = await db
        .deleteFrom('objects')
        .where(
          'id',
          'in',
          db.selectFrom('objects').select('id').where('bucket_id', '=', bucketId).limit(limit),
        )
        .returningAll()
        .execute()
      return rows.map(toObject)
    },

    /** Of these versions, those that a row names, and when it was written. */
    async knownVersions(versions: readonly string[]): Promise<Map<string, Date>> {
      const rows = await db
        .selectFrom('objects')
        .select(['version', 'updated_at'])
        .where(sql<SqlBool>`version = any(${versions}::uuid[])`)
        .execute()
      return new Map(rows.map(row => [row.version, row.updated_at]))
    },

    async countBefore(moment: Date): Promise<number> {
      const { count } = await db
        .selectFrom('objects')
        .select(({ fn }) => fn.countAll<string>().as('count'))
        .where('updated_at', '<', moment)
        .executeTakeFirstOrThrow()
      return Number(count)
    },

    /** In the order of the ids. */
    versionsAfter(
      id: string,
      before: Date,
      limit: number,
    ): Promise<{ id: string; version: string; bucket_id: string; size_bytes: string | number }[]> {
      return db
        .selectFrom('objects')
        .select(['id', 'version', 'bucket_id', 'size_bytes'])
        .where('id', '>', id)
        .where('updated_at', '<', before)
        .orderBy('id')
        .limit(limit)
        .execute()
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
