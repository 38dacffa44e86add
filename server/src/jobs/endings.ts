import { isProblem } from '@roundhouse/sdk/contract'
import { backoffMs } from '../kit/backoff.ts'
import { createGroups } from '../kit/groups.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { Database } from '../ports/database.ts'
import type { Queue, QueueName } from '../ports/queue.ts'
import { publishChanges } from './changes.ts'
import type { JobHandler, JobObserver } from './job.ts'
import type { Outage } from './outage.ts'
import { createJobStore, type Ending, type JobError, type JobRow, type JobTables } from './store.ts'

export type Requeue = {
  job: JobRow
  claim: string
  queueName: QueueName
  delayMs: number
  error: JobError | null
  /** The attempt does not count, and a cancel waits for who goes on. */
  handedBack: boolean
  /** The attempt does not count: what it needed was away. */
  outage: boolean
}

export type Endings<Tables> = {
  /** Nothing happens to a job that is no longer this claim's. */
  end(ending: Omit<Ending, 'id'> & { job: JobRow; handler: JobHandler<Tables> | undefined }): Promise<void>
  /**
   * Each for a delivery of its own, all in one transaction. Gives the ids of those that were not: they are no longer
   * these claims', or to be cancelled and not handed back.
   */
  requeue(jobs: readonly Requeue[]): Promise<string[]>
}

/** Undefined when the job was no longer this claim's. */
type Written = Ending | undefined
type Hook<Tables> = NonNullable<JobHandler<Tables>['ended']>

/** Writes how runs ended: those without a hook in groups, the others each in a transaction with theirs. */
export function createEndings<Tables extends JobTables>(dependencies: {
  database: Database<Tables>
  queue: Queue
  bus: Bus
  ids: Ids
  log: Log
  outage: Outage
  observer: JobObserver
}): Endings<Tables> {
  const { database, queue, bus, ids, log, outage, observer } = dependencies
  const store = createJobStore(database.system)
  const groups = createGroups<Ending, Written>(endGroup)

  async function endGroup(group: readonly Ending[]): Promise<Written[]> {
    const written = await writeGroup(group)
    publishChanges(
      bus,
      log,
      written.flatMap(ending => ending?.id ?? []),
    )
    return written
  }

  async function writeGroup(group: readonly Ending[]): Promise<Written[]> {
    try {
      const ended = new Set(await store.end(group))
      return group.map(ending => (ended.has(ending.id) ? ending : undefined))
    } catch (error) {
      if (isProblem(error)) throw error
      // One of them holds what the database does not take.
      const written: Written[] = []
      for (const ending of group) written.push(await orRefused(ending, writeOne))
      return written
    }
  }

  async function writeOne(ending: Ending): Promise<Written> {
    return (await store.end([ending]).catch(refuse)).length > 0 ? ending : undefined
  }

  async function endWithHook(ending: Ending, job: JobRow, hook: Hook<Tables>): Promise<Written> {
    const written = await orRefused(ending, one => writeWithHook(one, job, hook))
    if (written) publishChanges(bus, log, [written.id])
    return written
  }

  function writeWithHook(ending: Ending, job: JobRow, hook: Hook<Tables>): Promise<Written> {
    const { status, result, error } = ending
    return database.asSystem(async db => {
      const ended = await createJobStore(db).end([ending]).catch(refuse)
      if (ended.length === 0) return undefined
      const progress = ending.progress ?? job.progress
      await hook(db, { ...job, status, result, error, progress, finished_at: new Date() })
      return ending
    })
  }

  /** Begun anew the job would only end like this again. */
  async function orRefused(ending: Ending, write: (ending: Ending) => Promise<Written>): Promise<Written> {
    try {
      return await write(ending)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      log.error('job-result-refused', { job_id: ending.id, err: error.cause })
      return await write({ ...ending, status: 'failed', result: null, error: notStored, progress: null })
    }
  }

  return {
    async end({ job, handler, ...rest }) {
      const ending: Ending = { ...rest, id: job.id }
      const hook = handler?.endsWith?.(job) === false ? undefined : handler?.ended?.bind(handler)
      const written = await outage.insist(() => (hook ? endWithHook(ending, job, hook) : groups.add(ending)))
      if (written) observer.ended(job.kind, written.status)
    },

    async requeue(jobs) {
      const left = await outage.insist(() =>
        database.asSystem(async db => {
          const rows = createJobStore(db)
          const left: string[] = []
          for (const { job, claim, queueName, ...how } of jobs) {
            const row = await rows.requeue({ ...how, id: job.id, claim, ticket: ids.uuid() })
            if (!row) left.push(job.id)
            else
              await queue.add(db, [
                {
                  queue: queueName,
                  ticket: row.ticket,
                  jobId: row.id,
                  priority: row.priority,
                  startAt: row.run_at,
                },
              ])
          }
          return left
        }),
      )
      publishChanges(
        bus,
        log,
        jobs.map(({ job }) => job.id),
      )
      return left
    },
  }
}

const notStored = { code: 'internal', detail: 'The result of the job could not be stored.' } as const

/** What the job gave is nothing the database takes; not that it is away, and not what a hook does. */
class Refusal extends Error {}

function refuse(error: unknown): never {
  if (isProblem(error)) throw error
  throw new Refusal('The database refuses how a job ended.', { cause: error })
}

const firstRetryMs = 1000
const maxRetryMs = 60_000

/** Before the next attempt: doubles from a second to a minute, less up to half at random, so that a crowd spreads. */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  return Math.round(backoffMs(attempt, firstRetryMs, maxRetryMs) * (1 - random() / 2))
}
