import type { ProblemCode } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import type { DatabaseCaller } from '../ports/database.ts'
import type { QueueName } from '../ports/queue.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** `failed` is final: given up, or refused for good. It can be replayed. */
export type JobStatus = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

/** Without what it was given and gave, which may be megabytes. */
export type JobSummary = {
  readonly id: string
  /** Names the handler: `model`, `batch`, `task`. */
  readonly kind: string
  /** Null belongs to the house. */
  readonly owner_id: string | null
  readonly status: JobStatus
  /** Of the payload, where it names one. */
  readonly model_id: string | null
  readonly error: { readonly code: ProblemCode; readonly detail: string } | null
  readonly progress: { readonly done: number; readonly total: number | null; readonly unit: string } | null
  readonly priority: number
  /**
   * How often it was begun since it last got on: a step that is kept begins the count anew. A delivery that was handed
   * back does not count, nor one that ended because the database or the storage was away.
   */
  readonly attempt: number
  readonly max_attempts: number
  /** How often another process took it up, because the one that had it was gone. */
  readonly takeovers: number
  readonly run_at: Date
  /** Of the request that asked for it. */
  readonly request_id: string | null
  readonly created_at: Date
  readonly started_at: Date | null
  readonly finished_at: Date | null
}

export type Job = JobSummary & { readonly payload: Json; readonly result: Json }

export type NewJob = {
  /** Where the id has to be known before. */
  id?: string
  kind: string
  ownerId: string | null
  payload: Json
  /** -100 to 100, 0 when absent; higher goes first. */
  priority?: number
  /** Not before; now when absent. */
  startAt?: Date
  /** Of this kind at most one unfinished job has this key. */
  uniqueKey?: string
  /** Instead of what its handler says. */
  maxAttempts?: number
}

/** What a handler is given. */
export type JobContext = {
  readonly job: Job
  /** Aborts when the job was cancelled, is handed back, has run too long, or this process has lost it. */
  readonly signal: AbortSignal
  /**
   * Does the work once, however often the job is begun: what it gave is stored, and given back the next time.
   * @param work Is given the key by which an outside effect can be recognised as the same.
   */
  step<Result extends Json>(name: string, work: (idempotencyKey: string) => Promise<Result>): Promise<Result>
  /**
   * Written at most twice a second; the last one always is.
   * @throws TypeError for what is no count: `done` and `total` are whole numbers from 0 on.
   */
  progress(done: number, total: number | null, unit: string): void
}

export type JobHandler<Tables = unknown> = {
  readonly kind: string
  readonly queue: QueueName
  /** Begun so often at most without getting on, ends of the process included. */
  readonly maxAttempts: number
  /** After so many ends of the process without getting on it is given up; three when absent. */
  readonly mostCrashes?: number
  /** Of one attempt; less than the day that the queue waits for one. */
  readonly timeoutMs: number
  /** Gives the result. A Problem that is not retryable ends the job as failed at once. */
  run(context: JobContext): Promise<Json>
  /** In the transaction that ends the job for good, as done, failed or cancelled; when it rejects the job has not ended. */
  ended?(db: Kysely<Tables>, job: Job): Promise<void>
  /** Whether this version of the program can do this job; true when absent. What it cannot goes back for another process. */
  knows?(job: Job): boolean
  /** Whether `ended` has to do with this job; true when absent. The ends of those it has not are written in groups. */
  endsWith?(job: Job): boolean
  /** In the transaction that begins an ended job anew; when it rejects the job stays as it was. */
  retried?(db: Kysely<Tables>, job: Job): Promise<void>
  /** What else goes when the row goes. Called again when it rejected. */
  forget?(job: Pick<Job, 'id' | 'kind' | 'owner_id'>): Promise<void>
}

/** Told of what happens to jobs in this process, to count it. Nothing here may throw or wait. */
export type JobObserver = {
  /** Begun for the first time, so long after it could have been. */
  begun(kind: string, waitMs: number): void
  ended(kind: string, status: JobStatus): void
}

export type JobFilter = {
  status?: JobStatus | undefined
  kind?: string | undefined
  limit: number
  /** The last one of the page before. */
  before?: { created_at: Date; id: string } | undefined
}

export type Jobs<Tables> = {
  /**
   * In the caller's transaction: with whatever else it writes, the job is there or is not.
   * @throws Problem `conflict` for a `uniqueKey` that an unfinished job has.
   */
  add(db: Kysely<Tables>, job: NewJob): Promise<Job>
  /** Each call below throws Problem `resource-not-found` for what is not there or not for this caller. */
  get(caller: DatabaseCaller, id: string): Promise<JobSummary>
  /** With its payload and its result. */
  getWhole(caller: DatabaseCaller, id: string): Promise<Job>
  /** Newest first. */
  list(caller: DatabaseCaller, filter: JobFilter): Promise<JobSummary[]>
  /** Ends one that waits; one that runs is told to stop. Nothing happens to one that has ended. */
  cancel(caller: DatabaseCaller, id: string): Promise<JobSummary>
  /**
   * Begins one that failed or was cancelled anew; finished steps stay finished.
   * @throws Problem `conflict`, also for one that is being removed.
   */
  retry(caller: DatabaseCaller, id: string): Promise<JobSummary>
  /** @throws Problem `conflict` while it has not ended. */
  remove(caller: DatabaseCaller, id: string): Promise<void>
  /** The job as it is now and then after each change; ends with its end, or by the signal. */
  watch(caller: DatabaseCaller, id: string, signal: AbortSignal): AsyncIterable<JobSummary>
  /** Removes what ended longer ago than the retention. */
  sweep(): Promise<void>
}

export type Worker = {
  /** Begins to work on everything there is a handler for. */
  start(): Promise<void>
  /** No new jobs; what has not ended after `graceMs` is handed back and begins elsewhere. */
  stop(graceMs: number): Promise<void>
  /** Jobs that run in this process now. */
  running(): number
}
