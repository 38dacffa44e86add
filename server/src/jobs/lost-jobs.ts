import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Database } from '../ports/database.ts'
import type { Queue, QueueName } from '../ports/queue.ts'
import type { JobHandler } from './job.ts'
import { createJobStore, type JobTables } from './store.ts'

export type LostJobs = {
  /** Gives each unfinished job that no delivery carries a new one. Goes on where the last call stopped. */
  find(): Promise<void>
}

/** What could have begun just now may be between two transactions of who writes it. */
const dueForMs = 60_000
const pageRows = 2000
/** 100,000 jobs each minute, which costs the database some 100 ms. */
const mostPages = 50

/** Jobs whose delivery is gone although they have not ended: their end could not be written for too long. */
export function createLostJobs<Tables extends JobTables>({
  database,
  queue,
  ids,
  log,
  handlers,
}: {
  database: Database<Tables>
  queue: Pick<Queue, 'add' | 'live'>
  ids: Ids
  log: Log
  handlers: () => readonly JobHandler<Tables>[]
}): LostJobs {
  const store = createJobStore(database.system)
  let after: string | null = null

  async function renew(id: string, ticket: string, name: QueueName): Promise<boolean> {
    return database.asSystem(async db => {
      const newTicket = ids.uuid()
      const job = await createJobStore(db).renew(id, ticket, newTicket)
      if (!job) return false
      await queue.add(db, [{ queue: name, ticket: newTicket, jobId: id, priority: job.priority }])
      return true
    })
  }

  return {
    async find() {
      const queues = new Map(handlers().map(handler => [handler.kind, handler.queue]))
      for (let page = 0; page < mostPages; page += 1) {
        const due = await store.due(dueForMs, after, pageRows)
        for (const name of new Set(queues.values())) {
          const asked = due.filter(({ kind }) => queues.get(kind) === name)
          if (asked.length === 0) continue
          // Asked after the rows were read: whoever settles a delivery has written the row before.
          const live = await queue.live(
            name,
            asked.map(({ ticket }) => ticket),
          )
          for (const { id, kind, ticket } of asked)
            if (!live.has(ticket) && (await renew(id, ticket, name)))
              log.warn('job-found', { job_id: id, kind })
        }
        after = due.length < pageRows ? null : (due.at(-1)?.id ?? null)
        if (after === null) return
      }
    },
  }
}
