import type { Kysely } from 'kysely'

/** The line of work a job waits in. `model` and `run`: many at once, which mostly wait; the others: few that work. */
export type QueueName = 'model' | 'batch' | 'task' | 'run' | 'default'

export type QueueEntry = {
  queue: QueueName
  /** Of this delivery; another one for each time the job is added. */
  ticket: string
  jobId: string
  /** Higher goes first. */
  priority: number
  /** Not before; now when absent. */
  startAt?: Date
}

/** A delivery that this process has to itself until it settles it, or falls silent. */
export type Delivery = {
  readonly ticket: string
  readonly jobId: string
  /** Aborts when the delivery was taken from this process. */
  readonly signal: AbortSignal
}

/**
 * `settled`: the job's row says how it ended, or another delivery goes on with it. `fault`: the queue tries again by
 * its own rules, and gives the job up in the end.
 */
export type Settlement = 'settled' | 'fault'

export type GivenUp = {
  /** Of the delivery that was given up: the job may wait for another one since. */
  readonly ticket: string
  readonly jobId: string
  readonly reason: string
}

/**
 * Carries the ids of jobs to the processes that work. Every delivery reaches at least one of them; one that dies or
 * falls silent over it is noticed within 35 s and is delivered again; after hundreds of such ends it is given up. The
 * row of the job counts its ends, and ends it long before.
 */
export type Queue = {
  /** In the transaction that makes or changes the job's row: both are there, or neither. */
  add<Tables>(db: Kysely<Tables>, entries: readonly QueueEntry[]): Promise<void>
  /** What waits is not delivered any more; a delivery that is out is not taken back. In the caller's transaction. */
  drop<Tables>(db: Kysely<Tables>, queue: QueueName, tickets: readonly string[]): Promise<void>
  /**
   * Delivers to `handle`, up to `atOnce` at a time, until `stop`. The promise fulfils when it listens.
   * A `handle` that rejects is a fault.
   */
  work(
    queue: QueueName,
    options: { atOnce: number },
    handle: (delivery: Delivery) => Promise<Settlement>,
  ): Promise<void>
  /**
   * Called, on one process, for a delivery that was given up because whoever worked on it died again and again; called
   * again later when it rejects.
   */
  onGivenUp(handle: (givenUp: GivenUp) => Promise<void>): Promise<void>
  /** Those of the tickets that will be delivered, are out, or wait to be told as given up. */
  live(queue: QueueName, tickets: readonly string[]): Promise<Set<string>>
  /** No more deliveries begin. Those that are out go on. */
  pause(): Promise<void>
  /** Waiting and running, by queue. */
  depths(): Promise<{ queue: QueueName; waiting: number; running: number }[]>
  /** Deliveries that are out are given back and count as faults. */
  close(): Promise<void>
}
