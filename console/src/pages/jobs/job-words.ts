import type { Job } from '@roundhouse/sdk'
import { count, duration } from '../../ui/format.ts'

export const jobStatuses = ['queued', 'running', 'done', 'failed', 'cancelled'] as const

export const jobKinds = {
  model: 'One prediction, made when there is time for it',
  batch: 'A prediction for every row of a file',
  task: 'A task of roundhouse.config.ts',
  run: 'A run of an agent, in the background',
  'knowledge-index': 'A document that is read, cut and embedded',
} as const

export type JobKind = keyof typeof jobKinds

export function isJobKind(kind: string): kind is JobKind {
  return Object.hasOwn(jobKinds, kind)
}

export function hasEnded({ status }: Pick<Job, 'status'>): boolean {
  return status === 'done' || status === 'failed' || status === 'cancelled'
}

/** Why it cannot be cancelled, or false. */
export function whyNotCancel(job: Pick<Job, 'status'>): string | false {
  return hasEnded(job) && `It has ended: ${job.status}.`
}

/** Why it cannot be begun anew, or false. */
export function whyNotRetry({ status }: Pick<Job, 'status'>): string | false {
  if (status === 'failed' || status === 'cancelled') return false
  return status === 'done'
    ? 'It is done. Only failed and cancelled jobs are begun anew.'
    : 'It has not ended yet.'
}

export function attemptInWords({
  attempt,
  max_attempts: most,
}: Pick<Job, 'attempt' | 'max_attempts'>): string {
  return attempt === 0 ? `not begun, up to ${most}` : `${attempt} of up to ${most}`
}

/** `Taken up again after a lost process`, or undefined when none was lost. */
export function takeoversInWords(takeovers: number): string | undefined {
  if (takeovers === 0) return undefined
  const times = takeovers === 1 ? '' : `, ${takeovers} times`
  return `Taken up again after a lost process${times}`
}

/** `1,200 of 5,000 rows`. */
export function progressInWords({ done, total, unit }: NonNullable<Job['progress']>): string {
  return total === null ? `${count(done)} ${unit}` : `${count(done)} of ${count(total)} ${unit}`
}

/** How far it was, and when, in milliseconds. */
export type Reading = { at: number; done: number }

/** Over the readings of one attempt, the oldest first; undefined while they say nothing. */
export function speedInWords(
  readings: readonly Reading[],
  { total, unit }: NonNullable<Job['progress']>,
): string | undefined {
  const [first] = readings
  const last = readings.at(-1)
  if (!first || !last || last.done <= first.done || last.at - first.at < 500) return undefined
  const perSecond = ((last.done - first.done) / (last.at - first.at)) * 1000
  const speed = `${count(perSecond < 10 ? Number(perSecond.toFixed(1)) : Math.round(perSecond))} ${unit} a second`
  if (total === null) return speed
  return `${speed}, about ${duration(Math.max(1000, ((total - last.done) / perSecond) * 1000))} left`
}

/** The readings with one more. What is behind the one before was begun anew; those of over 20 s ago are forgotten. */
export function withReading(readings: readonly Reading[], next: Reading): Reading[] {
  const last = readings.at(-1)
  if (last && next.done < last.done) return [next]
  return [...readings.filter(({ at }) => next.at - at <= 20_000), next]
}
