import { Problem } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import { context } from '../kit/context.ts'
import type { Ids } from '../kit/ids.ts'
import { invariant } from '../kit/invariant.ts'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { Database, DatabaseCaller } from '../ports/database.ts'
import type { Queue } from '../ports/queue.ts'
import { publishCancel, publishChanges } from './changes.ts'
import type { Job, JobHandler, JobObserver, JobSummary, Jobs } from './job.ts'
import { createJobStore, type EndedJob, type JobRow, type JobTables } from './store.ts'
import { watchJob } from './watch.ts'

const dayMs = 24 * 3600 * 1000

/** What people and other rooms do with jobs. The rows are the truth; the queue carries their ids to the workers. */
export function createJobs<Tables extends JobTables>(dependencies: {
  database: Database<Tables>
  queue: Queue
  bus: Bus
  ids: Ids
  log: Log
  now: () => number
  /** Of every kind there is, whether this process works or not. Asked when they are needed: they may need jobs too. */
  handlers: () => readonly JobHandler<Tables>[]
  retentionDays: number
  observer: JobObserver
}): Jobs<Tables> {
  const { database, queue, bus, ids, log, now, handlers, retentionDays, observer } = dependencies

  function handlerOf(kind: string): JobHandler<Tables> | undefined {
    return handlers().find(handler => handler.kind === kind)
  }

  async function get(caller: DatabaseCaller, id: string): Promise<JobSummary> {
    return theirs(caller, id, await database.as(caller, db => createJobStore(db).byId(id)))
  }

  async function getWhole(caller: DatabaseCaller, id: string): Promise<Job> {
    return theirs(caller, id, await database.as(caller, db => createJobStore(db).wholeById(id)))
  }

  async function send(db: Kysely<Tables>, row: JobRow): Promise<void> {
    const handler = handlerOf(row.kind)
    invariant(handler, `no handler for jobs of the kind ${row.kind}`)
    const entry = { queue: handler.queue, ticket: row.ticket, jobId: row.id, priority: row.priority }
    await queue.add(db, [{ ...entry, startAt: row.run_at }])
  }

  async function cancelWaiting(id: string): Promise<JobRow | null> {
    const ended = await database.asSystem(async db => {
      const row = await createJobStore(db).cancelWaiting(id)
      if (!row) return null
      const handler = handlerOf(row.kind)
      if (handler) await queue.drop(db, handler.queue, [row.ticket])
      await handler?.ended?.(db, row)
      return row
    })
    if (!ended) return null
    publishChanges(bus, log, [id])
    observer.ended(ended.kind, 'cancelled')
    return ended
  }

  /** False when it has not ended. Marked first: begun anew meanwhile it would find nothing of what it needs. */
  async function removeEnded(job: Pick<Job, 'id' | 'kind' | 'owner_id'>): Promise<boolean> {
    const store = createJobStore(database.system)
    if (!(await store.beginRemoval(job.id))) return false
    await handlerOf(job.kind)?.forget?.(job)
    await store.remove(job.id)
    return true
  }

  return {
    async add(db, job) {
      const handler = handlerOf(job.kind)
      invariant(handler, `no handler for jobs of the kind ${job.kind}`)
      const row = await createJobStore(db).insert({
        id: job.id ?? ids.uuid(),
        kind: job.kind,
        owner_id: job.ownerId,
        payload: job.payload,
        priority: job.priority ?? 0,
        max_attempts: job.maxAttempts ?? handler.maxAttempts,
        request_id: context.getStore()?.requestId ?? null,
        ticket: ids.uuid(),
        unique_key: job.uniqueKey ?? null,
        run_at: job.startAt ?? null,
      })
      if (!row)
        throw new Problem('conflict', `A job of the kind ${job.kind} with this key has not ended yet.`)
      await send(db, row)
      return row
    },

    get,
    getWhole,

    async list(caller, filter) {
      if (maySeeAll(caller)) return database.as(caller, db => createJobStore(db).list(filter))
      const { userId } = caller
      return userId === null ? [] : database.as(caller, db => createJobStore(db).list(filter, userId))
    },

    async cancel(caller, id) {
      // Between the two questions it may begin, or go back to those that wait.
      for (;;) {
        const job = await get(caller, id)
        if (job.finished_at !== null) return job
        const ended = await cancelWaiting(id)
        if (ended) return ended
        const told = await createJobStore(database.system).requestCancel(id)
        if (!told) continue
        publishCancel(bus, log, id)
        return told
      }
    },

    async retry(caller, id) {
      const job = await get(caller, id)
      if (job.status !== 'failed' && job.status !== 'cancelled')
        throw new Problem(
          'conflict',
          `The job is ${job.status}: only one that failed or was cancelled can be begun anew.`,
        )
      const row = await database
        .asSystem(async db => {
          const replayed = await createJobStore(db).replay(id, ids.uuid())
          if (!replayed) return null
          await handlerOf(replayed.kind)?.retried?.(db, replayed)
          await send(db, replayed)
          return replayed
        })
        .catch(error => {
          if (!isTaken(error)) throw error
          throw new Problem('conflict', 'Another job with the same key has not ended yet.', { cause: error })
        })
      if (!row) throw new Problem('conflict', 'The job was begun anew meanwhile, or is being removed.')
      publishChanges(bus, log, [id])
      return row
    },

    async remove(caller, id) {
      const job = await get(caller, id)
      if (!(await removeEnded(job))) throw new Problem('conflict', 'The job has not ended. Cancel it first.')
    },

    watch: (caller, id, signal) => watchJob({ get: () => get(caller, id), bus, id, signal }),

    async sweep() {
      const before = new Date(now() - retentionDays * dayMs)
      let after: EndedJob | undefined
      do {
        const old = await createJobStore(database.system).endedBefore(before, after)
        for (const job of old)
          await removeEnded(job).catch(error =>
            log.warn('job-forget-fail', { job_id: job.id, kind: job.kind, err: error }),
          )
        // Those that could not go are passed over.
        after = old.at(-1)
      } while (after)
    },
  }
}

/** The same rule as the policies of row-level security. */
function maySeeAll({ role }: DatabaseCaller): boolean {
  return role === 'admin' || role === 'service'
}

function isOwner({ userId }: DatabaseCaller, job: JobSummary): boolean {
  return userId !== null && job.owner_id === userId
}

/** @throws Problem `resource-not-found`. */
function theirs<Found extends JobSummary>(caller: DatabaseCaller, id: string, row: Found | null): Found {
  if (row && (maySeeAll(caller) || isOwner(caller, row))) return row
  throw new Problem('resource-not-found', `There is no job ${id}.`)
}

/** The unique key, which another job has taken meanwhile. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505'
}
