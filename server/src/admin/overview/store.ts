import type { RecentFailure } from '@roundhouse/sdk/contract'
import { type QueryExecutorProvider, sql } from 'kysely'

/** SQL of the overview. Row-level security decides what of it a caller sees. */
export function createOverviewStore(db: QueryExecutorProvider) {
  return {
    /** Jobs and runs that failed since then, and models that were refused, newest first. A run is no job besides. */
    async failures(since: Date, limit: number): Promise<RecentFailure[]> {
      const { rows } = await sql<Omit<RecentFailure, 'at'> & { at: Date }>`
        select * from (
          (select 'job' as kind, id, kind as name, coalesce(error ->> 'detail', 'It gave no reason.') as reason,
            coalesce(finished_at, created_at) as at, request_id
          from jobs where status = 'failed' and kind <> 'run' and created_at >= ${since}
          order by created_at desc, id desc limit ${limit})
          union all
          (select 'run', runs.id, coalesce(agents.name, 'an agent that is gone'),
            coalesce(error ->> 'detail', 'It gave no reason.'), coalesce(finished_at, runs.created_at), request_id
          from runs left join agents on agents.id = agent_id
          where runs.status = 'failed' and runs.created_at >= ${since}
          order by runs.created_at desc, runs.id desc limit ${limit})
          union all
          (select 'model', id, name || '@' || version, coalesce(error, 'It gave no reason.'), updated_at, null
          from models where status = 'error' and updated_at >= ${since} order by updated_at desc limit ${limit})
        ) as failed order by at desc limit ${limit}`.execute(db)
      return rows.map(row => ({ ...row, at: row.at.toISOString() }))
    },

    /** What all users spent since then. */
    async creditsSpent(since: Date): Promise<number> {
      const { rows } = await sql<{ spent: string }>`
        select coalesce(sum(amount), 0) as spent from credit_entries
        where account = 'revenue' and created_at >= ${since}`.execute(db)
      return Number(rows[0]?.spent ?? 0)
    },
  }
}
