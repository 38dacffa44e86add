import { type Generated, type Kysely, type Selectable, sql } from 'kysely'

type ReportsTable = {
  id: string
  owner_id: string | null
  message_id: string
  template: string
  version: number
  title: string
  visibility: 'private' | 'users' | 'public'
  object_name: string
  pages: number
  size_bytes: string | number
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

export type ReportTables = { reports: ReportsTable }

export type ReportRow = Omit<Selectable<ReportsTable>, 'size_bytes'> & { readonly size_bytes: number }

export type NewReport = Omit<ReportRow, 'created_at' | 'updated_at'>

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
          conflict.columns(['owner_id', 'message_id']).doUpdateSet({ ...rest, updated_at: sql<Date>`now()` }),
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
      limit,
    }: {
      seenBy: string | null | undefined
      beforeId: string | undefined
      limit: number
    }): Promise<ReportRow[]> {
      let query = db.selectFrom('reports').selectAll().orderBy('id', 'desc').limit(limit)
      if (beforeId !== undefined) query = query.where('id', '<', beforeId)
      if (seenBy !== undefined)
        query = query.where(row =>
          row.or([row('visibility', 'in', ['users', 'public']), row('owner_id', '=', seenBy)]),
        )
      return (await query.execute()).map(withNumbers)
    },

    async remove(id: string): Promise<boolean> {
      const { numDeletedRows } = await db.deleteFrom('reports').where('id', '=', id).executeTakeFirst()
      return numDeletedRows > 0n
    },
  }
}

/** The driver gives a bigint as text. */
function withNumbers(row: Selectable<ReportsTable>): ReportRow {
  return { ...row, size_bytes: Number(row.size_bytes) }
}
