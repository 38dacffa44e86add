import { type Kysely, type Selectable, type SqlBool, sql } from 'kysely'
import { type FileTables, type StoredObject, toObject } from '../store.ts'

export type EntryOrder = {
  readonly column: 'name' | 'created_at' | 'updated_at'
  readonly order: 'asc' | 'desc'
}

/** A position in a list: the sort value and the name of its last entry. Times are microseconds since the epoch. */
export type Position = { readonly value: string; readonly name: string }

/** A folder, or an object. The name of a folder ends in a slash; its times are the newest of what is in it. */
export type Entry = {
  readonly name: string
  readonly position: Position
  readonly created_at: Date
  readonly updated_at: Date
  /** Null for a folder. */
  readonly object: StoredObject | null
}

export type EntryQuery = EntryOrder & {
  bucketId: string
  /** Only names that begin so. */
  prefix: string
  /** And so: the folder that the caller is bound to. */
  within: string
  /** What follows the prefix begins so, whatever its case. */
  search: string
  /** Names that go on after a slash are one entry per folder. */
  folders: boolean
  after?: Position | undefined
  offset: number
  limit: number
}

type EntryRow = Selectable<FileTables['objects']> & {
  entry_name: string
  entry_created_at: Date
  entry_updated_at: Date
  position: string
  is_folder: boolean
}

/** Sorts behind every character that a name may have. */
const behindAll = '\u{10FFFF}'

/** SQL of the lists. */
export function createListStore(db: Kysely<FileTables>) {
  return {
    async entries(query: EntryQuery): Promise<Entry[]> {
      const { bucketId, prefix, within, search, folders, column, order, after, offset, limit } = query
      const direction = sql.raw(order)
      const behind = sql.raw(order === 'asc' ? '>' : '<')
      const rest = sql`substr(name, char_length(${prefix}::text) + 1)`
      const microseconds = sql`(extract(epoch from ${sql.ref(column)}) * 1000000)::bigint`
      const value = column === 'name' ? sql`name` : microseconds
      const type = sql.raw(column === 'name' ? 'text' : 'bigint')
      const afterwards = after
        ? sql<SqlBool>`(value, name) ${behind} (${after.value}::${type}, ${after.name}::text)`
        : sql<SqlBool>`true`
      const { rows } = await sql<EntryRow>`
        with found as (
          select id, name as object_name, created_at, updated_at, case
            when ${folders}::boolean and strpos(${rest}, '/') > 0
            then left(name, char_length(${prefix}::text) + strpos(${rest}, '/'))
          end as folder
          from objects
          where bucket_id = ${bucketId}
            and name >= ${prefix} and name < ${prefix + behindAll}
            and name >= ${within} and name < ${within + behindAll}
            and lower(left(${rest}, char_length(${search}::text))) = lower(${search}::text)
        ), grouped as (
          select coalesce(folder, object_name) collate "C" as name, folder is not null as is_folder,
            max(created_at) as created_at, max(updated_at) as updated_at
          from found group by 1, 2
        ), page as (
          select *, ${value} as value from grouped
        )
        select objects.*, page.name as entry_name, page.created_at as entry_created_at,
          page.updated_at as entry_updated_at, page.value::text as position, page.is_folder
        from (
          select * from page where ${afterwards}
          order by value ${direction}, name ${direction} limit ${limit} offset ${offset}
        ) page
        left join objects on not page.is_folder and objects.bucket_id = ${bucketId} and objects.name = page.name
        order by page.value ${direction}, page.name ${direction}`.execute(db)
      return rows.map(toEntry)
    },
  }
}

function toEntry(row: EntryRow): Entry {
  const { entry_name, entry_created_at, entry_updated_at, position, is_folder, ...object } = row
  return {
    name: entry_name,
    created_at: entry_created_at,
    updated_at: entry_updated_at,
    position: { value: position, name: entry_name },
    object: is_folder ? null : toObject(object),
  }
}
