import { setTimeout as delay } from 'node:timers/promises'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { Database } from '../ports/database.ts'
import type { Delivery, GivenUp, Queue, QueueName, Settlement } from '../ports/queue.ts'
import { onCancel, publishChanges } from './changes.ts'
import { createClaims } from './claims.ts'
import { createEndings } from './endings.ts'
import { cancelled, handedBack, lost } from './interruptions.ts'
import type { JobHandler, JobObserver, Worker } from './job.ts'
import { createLostJobs } from './lost-jobs.ts'
import { createOutage } from './outage.ts'
import { type Run, startRun } from './run.ts'
import { createJobStore, type JobRow, type JobTables } from './store.ts'
import { createSuspects } from './suspects.ts'

export type WorkerOptions<Tables extends JobTables> = {
  database: Database<Tables>
  queue: Queue
  bus: Bus
  ids: Ids
  log: Log
  handlers: () => readonly JobHandler<Tables>[]
  /** Of each queue but `model` and `run`. */
  concurrency: number
  observer: JobObserver
}

/** They mostly wait: for each other's rows and the lanes of the models, and for providers of language models. */
const waitingAtOnce = 64
const waitingQueues: ReadonlySet<QueueName> = new Set(['model', 'run'])
const lookMs = 2000
const pauseMs = 500
const lostLookMs = 60_000
/** What is of a newer version: another process will know it. */
const unknownKindDelayMs = 5000
/** After a crash this often a job is given up whose handler says nothing else. */
const usualCrashes = 3

/** Works on the jobs of one process. */
export function createWorker<Tables extends JobTables>(options: WorkerOptions<Tables>): Worker {
  const { database, queue, bus, ids, log, handlers, concurrency, observer } = options
  const store = createJobStore(database.system)
  const outage = createOutage()
  const claims = createClaims(store, claimed => publishChanges(bus, log, claimed))
  const endings = createEndings<Tables>({ ...options, outage })
  const suspects = createSuspects()
  const lostJobs = createLostJobs(options)
  /** From their claim to their end. */
  const runs = new Map<string, Run>()
  let deliveries = 0
  let working = false
  let stopping = false
  let timer: NodeJS.Timeout | undefined
  let lostTimer: NodeJS.Timeout | undefined
  let stopListening = () => {}

  async function handle(queueName: QueueName, delivery: Delivery): Promise<Settlement> {
    deliveries += 1
    try {
      // The database was away for longer than the queue waits for a beat, and it delivers anew what goes on here.
      const running = runs.get(delivery.jobId)
      if (running?.job.ticket === delivery.ticket) return await running.ended
      const claim = ids.uuid()
      const wanted = { id: delivery.jobId, ticket: delivery.ticket, claim }
      const answer = await outage.insist(() => claims.add({ ...wanted, again: false }), delivery.signal)
      if (answer.tag === 'past') return 'settled'
      if (answer.tag === 'yours') return await work(answer.job, claim, queueName)
      const { kind, attempt, max_attempts, crashes } = answer.job
      const exhausted = attempt >= max_attempts || crashes + 1 >= mostCrashesOf(kind)
      const goOn = async (): Promise<Settlement> => {
        const taken = await outage.insist(() => claims.add({ ...wanted, again: true }), delivery.signal)
        if (taken.tag !== 'yours') return 'settled'
        // What is not known here is not given up here either: its end may need more than the row.
        if (exhausted && knows(taken.job)) return await giveUp(taken.job, claim)
        return await work(taken.job, claim, queueName)
      }
      // A process mostly ends for its own reasons: what it had begins again at once, all together. What has seen a second
      // end, or has one attempt left, goes alone among its like: of two that were there only one is to blame.
      const suspect = !exhausted && (crashes >= 1 || attempt + 1 >= max_attempts)
      return suspect ? await suspects.alone(delivery.signal, goOn) : await goOn()
    } catch (error) {
      if (!delivery.signal.aborted) log.error('job-fault', { job_id: delivery.jobId, err: error })
      return 'fault'
    } finally {
      deliveries -= 1
    }
  }

  async function giveUp(job: JobRow, claim: string): Promise<Settlement> {
    const times = job.crashes === 1 ? 'once' : `${job.crashes} times`
    const detail = `The process that worked on the job ended while it did, ${times}. It was begun ${job.attempt} times.`
    await endings.end({
      job,
      claim,
      handler: handlerOf(job.kind),
      status: job.cancel_requested_at ? 'cancelled' : 'failed',
      result: null,
      error: job.cancel_requested_at ? null : { code: 'job-crashed', detail },
      progress: null,
    })
    return 'settled'
  }

  async function work(job: JobRow, claim: string, queueName: QueueName): Promise<Settlement> {
    const handler = handlerOf(job.kind)
    if (handler && job.cancel_requested_at) {
      await endings.end({
        job,
        claim,
        handler,
        status: 'cancelled',
        result: null,
        error: null,
        progress: null,
      })
      return 'settled'
    }
    if (!handler || !knows(job)) {
      log.warn('job-unknown', { job_id: job.id, kind: job.kind })
      await handBack([{ job, claim, queueName }], unknownKindDelayMs)
      return 'settled'
    }
    // Taken over, and handed back, by a process that does not know it.
    if (job.crashes >= mostCrashesOf(job.kind)) return await giveUp(job, claim)
    // Not where the count has begun anew.
    if (job.attempt === 1 && job.started_at && job.started_at >= job.run_at)
      observer.begun(job.kind, Math.max(0, job.started_at.getTime() - job.run_at.getTime()))
    const run = startRun<Tables>({ job, claim, handler, store, bus, log, outage, endings })
    runs.set(job.id, run)
    try {
      if (stopping) {
        run.interrupt(handedBack)
        await giveBack([run])
      }
      return await run.ended
    } finally {
      if (runs.get(job.id) === run) runs.delete(job.id)
    }
  }

  function knows(job: JobRow): boolean {
    const handler = handlerOf(job.kind)
    return handler !== undefined && handler.knows?.(job) !== false
  }

  function mostCrashesOf(kind: string): number {
    return handlerOf(kind)?.mostCrashes ?? usualCrashes
  }

  function handlerOf(kind: string): JobHandler<Tables> | undefined {
    return handlers().find(handler => handler.kind === kind)
  }

  /** In one transaction, and told to the others at its end. */
  async function handBack(
    given: readonly Pick<Run, 'job' | 'claim' | 'queueName'>[],
    delayMs: number,
  ): Promise<void> {
    const back = { delayMs, error: null, handedBack: true, outage: false }
    await endings.requeue(given.map(({ job, claim, queueName }) => ({ ...back, job, claim, queueName })))
  }

  async function giveBack(given: readonly Run[]): Promise<void> {
    if (given.length === 0) return
    try {
      await handBack(given, 0)
      log.info('jobs-hand-back', { jobs: given.length })
    } finally {
      // What could not be written is found by the others: this process does nothing more about it, nor waits.
      for (const run of given) run.leave()
    }
  }

  /** Cancels that the bus did not tell, and jobs that another worker has taken over. */
  async function look(): Promise<void> {
    if (runs.size === 0) return
    // Only of those that were asked about: what began meanwhile is not missing.
    const asked = [...runs]
    const rows = new Map((await store.unfinished(asked.map(([id]) => id))).map(row => [row.id, row]))
    for (const [id, run] of asked) {
      const row = rows.get(id)
      if (row?.claim !== run.claim) run.interrupt(lost)
      else if (row.cancel_requested_at) run.interrupt(cancelled)
    }
  }

  /** What the queue gave up, because even the claim of it failed again and again. */
  async function onGivenUp({ jobId, ticket, reason }: GivenUp): Promise<void> {
    const error = { code: 'job-crashed', detail: reason } as const
    const ended = await outage.insist(() =>
      database.asSystem(async db => {
        const row = await createJobStore(db).endGivenUp(jobId, ticket, error)
        if (!row) return null
        const handler = handlerOf(row.kind)
        // Told again later, and maybe to a process that knows it.
        if (!handler) throw new Error(`Jobs of the kind ${row.kind} are not known here.`)
        await handler.ended?.(db, row)
        return row
      }),
    )
    if (!ended) return
    publishChanges(bus, log, [jobId])
    observer.ended(ended.kind, ended.status)
  }

  return {
    async start() {
      working = true
      stopListening = onCancel(bus, id => runs.get(id)?.interrupt(cancelled))
      timer = setInterval(
        () => void look().catch(error => log.debug('job-look-fail', { err: error })),
        lookMs,
      )
      timer.unref()
      lostTimer = setInterval(
        () => void lostJobs.find().catch(error => log.debug('job-find-fail', { err: error })),
        lostLookMs,
      )
      lostTimer.unref()
      const names = new Set<QueueName>(handlers().map(handler => handler.queue))
      for (const name of names)
        await queue.work(name, { atOnce: waitingQueues.has(name) ? waitingAtOnce : concurrency }, delivery =>
          handle(name, delivery),
        )
      if (names.size > 0) await queue.onGivenUp(onGivenUp)
    },

    async stop(graceMs) {
      if (!working) return
      working = false
      // A database that hangs keeps us no longer than that.
      await Promise.race([queue.pause(), delay(pauseMs)])
      const until = performance.now() + graceMs
      while (deliveries > 0 && performance.now() < until) await delay(10)
      stopping = true
      const left = [...runs.values()]
      for (const run of left) run.interrupt(handedBack)
      await giveBack(left)
      clearInterval(timer)
      clearInterval(lostTimer)
      stopListening()
    },

    running: () => runs.size,
  }
}
