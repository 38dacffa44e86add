import { type Generated, type Kysely, type Selectable, type SqlBool, sql } from 'kysely'

type ReportsTable = {
  id: string
  owner_id: string | null
  message_id: string
  template: string
  version: number
  title: string
  visibility: 'private' | 'users' | 'public'
  object_name: string
  object_version: string
  pages: number
  size_bytes: string | number
  /** Of the request it was last made for; the database knows it. */
  request_id: Generated<string | null>
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

export type ReportTables = { reports: ReportsTable }

export type ReportRow = Omit<Selectable<ReportsTable>, 'size_bytes'> & { readonly size_bytes: number }

export type NewReport = Omit<ReportRow, 'request_id' | 'created_at' | 'updated_at'>

/** SQL of the reports. */
export function createReportStore(db: Kysely<ReportTables>) {
  return {
    /** Adds the report, or takes the place of the owner's for this message, whose id stays. */
    async put(report: NewReport): Promise<ReportRow> {
      const { id: _id, owner_id: _owner, message_id: _message, ...rest } = report
      const row = await db
        .insertInto('reports')
        .values(report)
        .onConflict(conflict =>
          conflict.columns(['owner_id', 'message_id']).doUpdateSet({
            ...rest,
            request_id: sql<string | null>`excluded.request_id`,
            updated_at: sql<Date>`now()`,
          }),
        )
        .returningAll()
        .executeTakeFirstOrThrow()
      return withNumbers(row)
    },

    async byId(id: string): Promise<ReportRow | null> {
      const row = await db.selectFrom('reports').selectAll().where('id', '=', id).executeTakeFirst()
      return row ? withNumbers(row) : null
    },

    /** Newest first: what a signed-in user may see, or everything when `seenBy` is undefined. */
    async list({
      seenBy,
      beforeId,
      template,
      limit,
    }: {
      seenBy: string | null | undefined
      beforeId: string | undefined
      template?: string | undefined
      limit: number
    }): Promise<ReportRow[]> {
      let newest = db.selectFrom('reports').selectAll().orderBy('id', 'desc').limit(limit)
      if (beforeId !== undefined) newest = newest.where('id', '<', beforeId)
      if (template !== undefined) newest = newest.where('template', '=', template)
      if (seenBy === undefined) return (await newest.execute()).map(withNumbers)
      // An index gives the newest of each; with `or` all that is shared would be read and sorted.
      const own = newest.where('owner_id', '=', seenBy)
      const shared = newest
        .where(sql<SqlBool>`visibility in ('users', 'public')`)
        .where('owner_id', 'is distinct from', seenBy)
      const rows = await db
        .selectFrom(own.as('own'))
        .selectAll()
        .unionAll(db.selectFrom(shared.as('shared')).selectAll())
        .orderBy('id', 'desc')
        .limit(limit)
        .execute()
      return rows.map(withNumbers)
    },

    /** What was removed; null when there was no such report. */
    async remove(id: string): Promise<ReportRow | null> {
      const row = await db.deleteFrom('reports').where('id', '=', id).returningAll().executeTakeFirst()
      return row ? withNumbers(row) : null
    },
  }
}

/** The driver gives a bigint as text. */
function withNumbers(row: Selectable<ReportsTable>): ReportRow {
  return { ...row, size_bytes: Number(row.size_bytes) }
}
