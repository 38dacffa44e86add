import { type QueryExecutorProvider, sql } from 'kysely'

/** SQL of what the database says of itself. */
export function createServerStore(db: QueryExecutorProvider) {
  return {
    async database(): Promise<{ version: string; bytes: number; max_connections: number }> {
      const { rows } = await sql<{ version: string; bytes: string; connections: number }>`
        select current_setting('server_version') as version, pg_database_size(current_database()) as bytes,
          current_setting('max_connections')::integer as connections`.execute(db)
      const row = rows[0]
      return {
        version: row?.version ?? '',
        bytes: Number(row?.bytes ?? 0),
        max_connections: row?.connections ?? 0,
      }
    },

    async applied(): Promise<{ name: string; applied_at: Date }[]> {
      const { rows } = await sql<{ name: string; applied_at: Date }>`
        select name, applied_at from roundhouse_migrations order by name`.execute(db)
      return rows
    },

    /** The largest, with their indexes and long values. Rows as the last count of them estimates, -1 before the first. */
    async tables(limit: number): Promise<{ name: string; bytes: number; rows: number | null }[]> {
      const { rows } = await sql<{ name: string; bytes: string; rows: number }>`
        select case nspname when 'roundhouse' then relname else nspname || '.' || relname end as name,
          pg_total_relation_size(pg_class.oid) as bytes, reltuples as rows
        from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where relkind = 'r' and nspname in ('roundhouse', 'roundhouse_queue', 'app')
        order by bytes desc, name limit ${limit}`.execute(db)
      return rows.map(({ name, bytes, rows: count }) => ({
        name,
        bytes: Number(bytes),
        rows: count < 0 ? null : Math.round(count),
      }))
    },
  }
}
