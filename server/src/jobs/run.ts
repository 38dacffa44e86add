import { isProblem, Problem } from '@roundhouse/sdk/contract'
import { context } from '../kit/context.ts'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { QueueName, Settlement } from '../ports/queue.ts'
import { publishChanges } from './changes.ts'
import { type Endings, retryDelayMs } from './endings.ts'
import { interruption, type JobInterruption, lost, timedOut } from './interruptions.ts'
import type { JobHandler, Json } from './job.ts'
import { isOutage, type Outage } from './outage.ts'
import { checkProgress, createProgress } from './progress.ts'
import { createSteps } from './steps.ts'
import type { JobError, JobRow, JobStore } from './store.ts'

/** One attempt at one job, from its claim to its end. */
export type Run = {
  readonly job: JobRow
  readonly claim: string
  readonly queueName: QueueName
  /** Tells the handler to stop; the first reason counts. */
  interrupt(kind: JobInterruption['kind']): void
  /** Somebody else has written what becomes of the job. */
  leave(): void
  readonly ended: Promise<Settlement>
}

/** For a handler that was told to stop; then it is no longer waited for. */
const stopMs = 5000
/** With waits of up to a minute about a day, without anything that got on; then they count like other failures. */
const mostOutages = 1500

type Outcome = { tag: 'done'; result: Json } | { tag: 'failed'; error: unknown } | { tag: 'left' }

export function startRun<Tables>(options: {
  job: JobRow
  claim: string
  handler: JobHandler<Tables>
  store: JobStore
  bus: Bus
  log: Log
  outage: Outage
  endings: Endings<Tables>
}): Run {
  const { job, claim, handler, store, bus, log, outage, endings } = options
  const stop = new AbortController()
  const left = Promise.withResolvers<Outcome>()
  const overdue = Promise.withResolvers<Outcome>()
  const startedAt = performance.now()
  let over = false
  let stopTimer: NodeJS.Timeout | undefined
  let why: JobInterruption['kind'] | undefined
  /** What counted before is forgotten in the row too. */
  let gotOn = false
  const held = { id: job.id, claim }
  const progress = createProgress(async latest => {
    await store.writeProgress(held, latest)
    publishChanges(bus, log, [job.id])
  })

  function interrupt(kind: JobInterruption['kind']): void {
    if (why || over) return
    why = kind
    const reason = interruption(kind)
    stopTimer = setTimeout(() => overdue.resolve({ tag: 'failed', error: reason }), stopMs)
    stop.abort(reason)
    if (kind === lost) left.resolve({ tag: 'left' })
  }

  async function work(): Promise<Outcome> {
    try {
      const step = createSteps({
        store,
        held,
        signal: stop.signal,
        log,
        insist: call => outage.insist(call, stop.signal),
        onKept: () => {
          gotOn = true
        },
        onLost: () => interrupt(lost),
      })
      const result = await handler.run({
        job,
        signal: stop.signal,
        step,
        progress(done, total, unit) {
          checkProgress({ done, total, unit })
          progress.set({ done, total, unit })
        },
      })
      return { tag: 'done', result }
    } catch (error) {
      return { tag: 'failed', error }
    }
  }

  async function run(): Promise<Settlement> {
    const limit = setTimeout(() => interrupt(timedOut), handler.timeoutMs)
    try {
      const outcome = await Promise.race([work(), left.promise, overdue.promise])
      // Whoever has lost the job does not say that its delivery is settled: that is the other's to say.
      if (outcome.tag === 'left') return why === lost ? 'fault' : 'settled'
      return await settle(outcome)
    } finally {
      over = true
      clearTimeout(limit)
      clearTimeout(stopTimer)
      progress.stop()
    }
  }

  async function settle(outcome: Exclude<Outcome, { tag: 'left' }>): Promise<Settlement> {
    progress.stop()
    const ending = { job, claim, handler, progress: progress.latest() }
    if (outcome.tag === 'done') {
      await endings.end({ ...ending, status: 'done', result: outcome.result, error: null })
      report('done')
    } else if (why === 'handed-back') {
      // Written together with the others that are handed back.
      await left.promise
    } else if (why === 'cancelled') {
      await endings.end({ ...ending, status: 'cancelled', result: null, error: null })
      report('cancelled')
    } else {
      const problem =
        why === timedOut
          ? new Problem('deadline-exceeded', `The job ran longer than ${handler.timeoutMs / 1000} s.`)
          : outcome.error
      const error = explain(problem)
      const [attempt, outages] = gotOn ? [1, 0] : [job.attempt, job.outages]
      const outage = isOutage(problem) && outages < mostOutages
      const final = !outage && (attempt >= job.max_attempts || (isProblem(problem) && !problem.retryable))
      if (!isProblem(problem)) log.error('job-error', { job_id: job.id, kind: job.kind, err: problem })
      if (final) await endings.end({ ...ending, status: 'failed', result: null, error })
      else {
        const latest = progress.latest()
        if (latest) await store.writeProgress(held, latest).catch(() => {})
        const delayMs = retryDelayMs(outage ? outages + 1 : attempt)
        const left = await endings.requeue([
          { job, claim, queueName: handler.queue, delayMs, error, handedBack: false, outage },
        ])
        // Cancelled, and not told yet. Nothing happens to one that was lost.
        if (left.length > 0) await endings.end({ ...ending, status: 'cancelled', result: null, error: null })
      }
      report(final ? 'failed' : 'retry', error.code)
    }
    return 'settled'
  }

  function report(outcome: string, code?: string): void {
    log.info('job-end', {
      job_id: job.id,
      kind: job.kind,
      outcome,
      ...(code === undefined ? {} : { code }),
      attempt: job.attempt,
      duration_ms: Math.round(performance.now() - startedAt),
    })
  }

  const ended = context.run({ requestId: job.request_id ?? job.id, userId: job.owner_id }, run)
  return {
    job,
    claim,
    queueName: handler.queue,
    interrupt,
    leave: () => left.resolve({ tag: 'left' }),
    ended,
  }
}

/** For the owner of the job: never what a bug says. The database takes neither NUL nor half of a surrogate pair. */
function explain(error: unknown): JobError {
  if (isProblem(error))
    return { code: error.code, detail: error.message.replaceAll('\u0000', '').toWellFormed() }
  return { code: 'internal', detail: 'A bug on our side. The log has it under the id of the job.' }
}
