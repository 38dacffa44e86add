import type { Run } from '@roundhouse/sdk'

/** Where a run is done, in words. */
export const places: Record<Run['mode'], { word: string; about: string }> = {
  inline: { word: 'light', about: 'In the process that was asked' },
  worker: { word: 'heavy', about: 'On a worker' },
  remote: { word: 'own backend', about: 'On the agent’s own backend' },
}

export const runStatuses: readonly Run['status'][] = [
  'queued',
  'running',
  'waiting',
  'done',
  'failed',
  'cancelled',
]

const limits: Record<NonNullable<Run['stopped']>, string | null> = {
  answered: null,
  steps: 'It ended early: the agent’s limit of steps was reached.',
  tokens: 'It ended early: the agent’s limit of tokens was reached.',
  seconds: 'It ended early: the agent’s limit of time was reached.',
  credits: 'It ended early: there were no more credits for it.',
}

/** Why a run did not answer as it should; null when it did, or may still. */
export function whyItEnded({ error, stopped, status }: Run): string | null {
  if (error) return error.detail
  if (status === 'cancelled') return 'Somebody stopped it.'
  return stopped && limits[stopped]
}

/** How long it took, or has taken so far; undefined before it has begun. */
export function tookMs({ started_at: started, finished_at: finished }: Run, now: number): number | undefined {
  if (started === null) return undefined
  return Math.max(0, (finished === null ? now : Date.parse(finished)) - Date.parse(started))
}
