import { type QueryExecutorProvider, sql } from 'kysely'

export type LiveWorker = { id: string; host: string; running: number; seen_at: Date }

/** SQL of the processes that work. */
export function createPresenceStore(db: QueryExecutorProvider) {
  return {
    /** It lives; and what has not been seen for an hour goes. */
    async beat(worker: {
      id: string
      host: string
      pid: number
      roles: readonly string[]
      running: number
    }): Promise<void> {
      await sql`with gone as (
          delete from workers where seen_at < now() - interval '1 hour' and id <> ${worker.id}
        )
        insert into workers (id, host, pid, roles, running)
        values (${worker.id}, ${worker.host}, ${worker.pid}, ${[...worker.roles]}, ${worker.running})
        on conflict (id) do update set running = excluded.running, seen_at = now()`.execute(db)
    },

    async leave(workerId: string): Promise<void> {
      await sql`delete from workers where id = ${workerId}`.execute(db)
    },

    /** Those that were seen within this time. */
    async workers(withinMs: number): Promise<LiveWorker[]> {
      const { rows } = await sql<LiveWorker>`
        select id, host, running, seen_at from workers
        where seen_at > now() - ${withinMs} * interval '1 ms' order by started_at, id`.execute(db)
      return rows
    },
  }
}
