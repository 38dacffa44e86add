import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely'
import { type FileTables, type StoredObject, toObject } from '../store.ts'

export type EntryOrder = {
  readonly column: 'name' | 'created_at' | 'updated_at'
  readonly order: 'asc' | 'desc'
}

/** The last entry of a page; `value` is its time in microseconds since the epoch if that sorts it, else ''. */
export type Position = { readonly name: string; readonly value: string }

/** A folder, whose name ends in a slash, or an object. By time the folders stand before the objects, by name. */
export type Entry = {
  readonly name: string
  readonly position: Position
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
  position: string
  is_folder: boolean
}

/** Sorts behind every character that a name may have. */
const behindAll = '\u{10FFFF}'

/**
 * SQL of the lists. Each reads what it shows and what its offset passes over, however much lies beside it: all are
 * ranges of an index. Row-level security lets only comparisons be that, no patterns and no functions of a name.
 */
export function createListStore(db: Kysely<FileTables>) {
  return {
    async entries(query: EntryQuery): Promise<Entry[]> {
      const { bucketId, prefix, within, folders, column, after, offset, limit } = query
      // Folders are told by the slash behind this, also below a prefix that ends within a name.
      const parent = prefix.slice(0, prefix.lastIndexOf('/') + 1)
      const spelled = (await spellings(db, query)).flatMap(beginning => both(beginning, within))
      const beginnings = [
        ...new Set(spelled.map(text => (folders ? (folderOf(text, parent) ?? text) : text))),
      ]
      if (beginnings.length === 0) return []
      const most = offset + limit
      const isPastFolders = column !== 'name' && after !== undefined && after.value !== ''
      const found = [
        ...(folders && !isPastFolders ? [foldersIn(query, { beginnings, parent, most })] : []),
        ...beginnings.map(beginning => objectsIn(query, { beginning, parent, most })),
      ]
      const { rows } = await sql<EntryRow>`
        select objects.*, page.name as entry_name, page.is_folder,
          coalesce((extract(epoch from page.moment) * 1000000)::bigint::text, '') as position
        from (
          select * from (${sql.join(found, sql` union all `)}) page
          order by ${inOrder(query)} limit ${limit} offset ${offset}
        ) page
        left join lateral (
          select * from objects where bucket_id = ${bucketId} and name = page.name limit 1
        ) objects on not page.is_folder
        order by ${inOrder(query)}`.execute(db)
      return rows.map(toEntry)
    },
  }
}

function inOrder({ column, order }: EntryOrder): RawBuilder<unknown> {
  const direction = sql.raw(order)
  return column === 'name'
    ? sql`page.name ${direction}`
    : sql`page.is_folder desc, page.moment ${direction}, page.name ${direction}`
}

/**
 * Skips from folder to folder, past what is in them. One row at a time took over 1.8 s for the last page of 50,000
 * folders; so rows come in batches, each at most twice what the last one gave.
 */
function foldersIn(
  { bucketId, order, after }: EntryQuery,
  { beginnings, parent, most }: { beginnings: readonly string[]; parent: string; most: number },
): RawBuilder<unknown> {
  const isUp = order === 'asc'
  const [direction, behind] = [sql.raw(order), sql.raw(isUp ? '>' : '<')]
  // All of a folder sorts behind its own name.
  const past = isUp ? behindAll : ''
  const from = after ? startBehind(after.name, parent, past) : isUp ? '' : behindAll
  // By `case`: PostgreSQL holds `coalesce` for what may leak, and makes it no range of the index.
  return sql`(
    with recursive walk as (
      select beginning, null::text[] collate "C" as names, 1 as batch, 0 as found
      from unnest(${beginnings}::text[]) beginning
      union all
      select beginning, next.names, least(2 * cardinality(next.names), 1000), found + cardinality(next.names)
      from walk, lateral (
        select array_agg(distinct name order by name ${direction}) as names
        from (
          select left(folder, char_length(${parent}::text)
            + strpos(substr(folder, char_length(${parent}::text) + 1), '/')) as name
          from objects
          where bucket_id = ${bucketId} and folder > ${parent}
            and folder >= walk.beginning and folder < walk.beginning || ${behindAll}
            and folder ${behind} case when names is null then ${from} else names[cardinality(names)] || ${past} end
          order by folder ${direction} limit walk.batch
        ) below
      ) next
      where next.names is not null and found < ${most}::bigint
    )
    select unnest(names) as name, null::timestamptz as moment, true as is_folder from walk)`
}

function objectsIn(
  { bucketId, folders, column, order, after }: EntryQuery,
  { beginning, parent, most }: { beginning: string; parent: string; most: number },
): RawBuilder<unknown> {
  const [direction, behind] = [sql.raw(order), sql.raw(order === 'asc' ? '>' : '<')]
  const isByName = column === 'name'
  const moment = isByName ? sql`null::timestamptz` : sql.ref(column)
  const conditions = [sql`bucket_id = ${bucketId}`]
  const top = folders || isByName ? undefined : folderOf(beginning, '')
  if (folders) conditions.push(sql`folder = ${parent}`)
  if (top !== undefined) conditions.push(sql`top_folder = ${top}`)
  // A range that says nothing new would let the planner take the way by names.
  if (beginning !== (folders ? parent : (top ?? '')))
    conditions.push(sql`name >= ${beginning} and name < ${beginning + behindAll}`)
  if (after && isByName) conditions.push(sql`name ${behind} ${after.name}`)
  if (after && !isByName && after.value !== '') {
    const value = sql`timestamptz 'epoch' + ${after.value}::bigint * interval '1 microsecond'`
    conditions.push(sql`(${moment}, name) ${behind} (${value}, ${after.name})`)
  }
  return sql`(
    select name, ${moment} as moment, false as is_folder from objects
    where ${sql.join(conditions, sql` and `)}
    order by ${isByName ? sql`` : sql`${moment} ${direction},`} name ${direction} limit ${most})`
}

/**
 * How names below the prefix begin that begin with the prefix and this search in any case: mostly one way. Found letter
 * by letter, as each way is a range of names: to compare `lower(name)` would read every name.
 */
async function spellings(
  db: Kysely<FileTables>,
  place: { bucketId: string; prefix: string; within: string; search: string },
): Promise<string[]> {
  const { bucketId, prefix, within, search } = place
  const letters = [...search]
  if (letters.length === 0) return [prefix]
  const lower = letters.map(letter => letter.toLowerCase())
  const upper = letters.map(letter => letter.toUpperCase())
  const { rows } = await sql<{ beginning: string }>`
    with recursive spelled as (
      select ${prefix}::text as beginning, 0 as length
      union
      select longer, length + 1
      from spelled, unnest(array[(${lower}::text[])[length + 1], (${upper}::text[])[length + 1]]) letter,
        lateral (select beginning || letter as longer) as next
      where length < ${letters.length} and (
        select true from objects
        where bucket_id = ${bucketId} and name >= longer and name < longer || ${behindAll}
          and name >= ${within} and name < ${within + behindAll}
        limit 1)
    )
    select beginning from spelled where length = ${letters.length}`.execute(db)
  return rows.map(row => row.beginning)
}

/** What begins in both ways: the longer one, or nothing. */
function both(one: string, other: string): string[] {
  if (one.startsWith(other)) return [one]
  return other.startsWith(one) ? [other] : []
}

function startBehind(name: string, parent: string, past: string): string {
  const folder = folderOf(name, parent)
  return folder === undefined ? name : folder + past
}

/** Of a name, below the parent; undefined for what lies right in it. */
function folderOf(name: string, parent: string): string | undefined {
  const slash = name.indexOf('/', parent.length)
  return slash < 0 ? undefined : name.slice(0, slash + 1)
}

function toEntry(row: EntryRow): Entry {
  const { entry_name, position, is_folder, ...object } = row
  return {
    name: entry_name,
    position: { value: position, name: entry_name },
    object: is_folder ? null : toObject(object),
  }
}
