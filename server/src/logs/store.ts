import type { LogLevel } from '@roundhouse/sdk/contract'
import { type QueryExecutorProvider, type RawBuilder, sql } from 'kysely'
import type { NewLine, StoredLine } from './line.ts'
import type { LogTerm } from './query/query.ts'
import { anyOf, conditionOf } from './query/store.ts'

/** Where a page ends: lines are in the order of time, those of one millisecond in that of their ids. */
export type LogPosition = { readonly at: Date; readonly id: number }

export type LogSearch = {
  readonly terms: readonly LogTerm[]
  readonly requestId: string | undefined
  readonly from: Date | undefined
  readonly to: Date | undefined
  readonly before: LogPosition | undefined
}

export type FoundLines = {
  readonly lines: StoredLine[]
  /** The last line that was looked at; null when there are none further on. */
  readonly searchedTo: LogPosition | null
  readonly newestId: number
}

/** Of one batch and the next of every process: ids are in the order of commits. */
const appendLock = 7_238_944

/** SQL of the lines. Row-level security shows them to administrators only. */
export function createLogStore(db: QueryExecutorProvider) {
  return {
    /** A line that is there already is left alone, so that a batch may be sent twice. */
    async append(process: string, lines: readonly NewLine[]): Promise<void> {
      const all = <Value>(value: (line: NewLine) => Value) => lines.map(value)
      // The lock is taken before the first id is, and given back when all of them can be seen.
      await sql`
        with turn as materialized (select pg_advisory_xact_lock(${appendLock}))
        insert into log_lines (
          process, number, at, level, event, request_id, user_id, method, path, status, duration_ms, model, fields)
        select ${process}, number, to_timestamp(at_ms / 1000), level, event, request_id, user_id, method, path, status,
          duration_ms, model, fields::json
        from turn, unnest(
          ${all(line => line.number)}::bigint[], ${all(line => line.at)}::double precision[],
          ${all(line => line.level)}::text[], ${all(line => line.event)}::text[],
          ${all(line => line.requestId)}::text[], ${all(line => line.userId)}::uuid[],
          ${all(line => line.method)}::text[], ${all(line => line.path)}::text[],
          ${all(line => line.status)}::smallint[], ${all(line => line.durationMs)}::real[],
          ${all(line => line.model)}::text[], ${all(line => line.fields)}::text[]
        ) as line (
          number, at_ms, level, event, request_id, user_id, method, path, status, duration_ms, model, fields)
        on conflict do nothing`.execute(db)
    },

    /** Newest first: what is found among the next `look` lines, up to `limit`. */
    async search(search: LogSearch, { look, limit }: { look: number; limit: number }): Promise<FoundLines> {
      const { rows } = await sql<LineRow & Searched>`
        with scanned as materialized (
          select * from log_lines where ${rangeOf(search)} order by at desc, id desc limit ${look}
        ), found as (
          select * from scanned where ${conditionOf(search.terms)} order by at desc, id desc limit ${limit}
        )
        select found.*, (select count(*)::int from scanned) as scanned, last.at as last_at, last.id as last_id,
          coalesce((select id from log_lines order by id desc limit 1), 0) as newest_id
        from (select 1) as one
        left join (select at, id from scanned order by at, id limit 1) as last on true
        left join found on true
        order by found.at desc, found.id desc`.execute(db)
      const [first] = rows
      const lines = rows.flatMap(row => (row.id === null ? [] : [toLine(row)]))
      const end = lines.length === limit ? lines.at(-1) : undefined
      const searchedTo =
        end ??
        (first && first.scanned === look && first.last_at !== null
          ? { at: first.last_at, id: Number(first.last_id) }
          : null)
      return { lines, searchedTo, newestId: Number(first?.newest_id ?? 0) }
    },

    /** Oldest first: what is found among the next `look` lines behind `after`, and where that is. */
    async following(
      { terms, requestId }: Pick<LogSearch, 'terms' | 'requestId'>,
      { after, look }: { after: number; look: number },
    ): Promise<{ lines: StoredLine[]; upTo: number; isEnd: boolean }> {
      const ofRequest = requestId === undefined ? sql`true` : sql`request_id = ${requestId}`
      const { rows } = await sql<LineRow & { scanned: number; up_to: string | null }>`
        with scanned as materialized (select * from log_lines where id > ${after} order by id limit ${look})
        select found.*, count.scanned, count.up_to
        from (select count(*)::int as scanned, max(id) as up_to from scanned) as count
        left join scanned as found on ${ofRequest} and ${conditionOf(terms)}
        order by found.id`.execute(db)
      const [first] = rows
      return {
        lines: rows.flatMap(row => (row.id === null ? [] : [toLine(row)])),
        upTo: Number(first?.up_to ?? after),
        isEnd: (first?.scanned ?? 0) < look,
      }
    },

    async newestId(): Promise<number> {
      const { rows } = await sql<{ id: string }>`select id from log_lines order by id desc limit 1`.execute(
        db,
      )
      return Number(rows[0]?.id ?? 0)
    },

    /**
     * Removes up to `limit` lines that are older, and up to `limit` that are not among the newest `most`; how many it
     * removed. Ids have next to no gaps, and to count a million lines would be to read them.
     */
    async removeOld({ before, most, limit }: { before: Date; most: number; limit: number }): Promise<number> {
      const { numAffectedRows } = await sql`
        delete from log_lines where id = any (array(
          select id from log_lines where at < ${before} order by at, id limit ${limit})
        || array(
          select id from log_lines where id <= (select id from log_lines order by id desc limit 1) - ${most}::bigint
          order by id limit ${limit}))`.execute(db)
      return Number(numAffectedRows ?? 0)
    },
  }
}

function rangeOf({ terms, requestId, from, to, before }: LogSearch): RawBuilder<unknown> {
  const conditions = [sql`true`]
  if (requestId !== undefined) conditions.push(sql`request_id = ${requestId}`)
  if (from !== undefined) conditions.push(sql`at >= ${from}`)
  if (to !== undefined) conditions.push(sql`at < ${to}`)
  if (before !== undefined) conditions.push(sql`(at, id) < (${before.at}, ${before.id})`)
  // What an index finds is found however far back it is.
  for (const term of terms) if (isIndexed(term)) conditions.push(anyOf(term.any))
  return sql.join(conditions, sql` and `)
}

function isIndexed({ not, any }: LogTerm): boolean {
  if (not) return false
  return any.every(match => {
    if (match.kind === 'number') return match.column === 'id' && match.from !== null && match.to !== null
    if (match.kind !== 'text' || !('is' in match.pattern)) return false
    if (match.column === 'request_id') return true
    return match.column === 'level' && (match.pattern.is === 'warn' || match.pattern.is === 'error')
  })
}

/** All null beside what was counted where nothing was found. */
type LineRow = {
  id: string | null
  process: string
  at: Date
  level: LogLevel
  event: string
  request_id: string | null
  user_id: string | null
  method: string | null
  path: string | null
  status: number | null
  duration_ms: number | null
  model: string | null
  fields: Record<string, unknown> | null
}
type Searched = { scanned: number; last_at: Date | null; last_id: string | null; newest_id: string }

function toLine(row: LineRow): StoredLine {
  const { id, process, at, level, event, method, path, status, model } = row
  return {
    id: Number(id),
    process,
    at,
    level,
    event,
    requestId: row.request_id,
    userId: row.user_id,
    method,
    path,
    status,
    durationMs: row.duration_ms,
    model,
    fields: row.fields ?? {},
  }
}
