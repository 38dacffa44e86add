import type { Model, ModelState } from '@roundhouse/sdk'

/** What the process that answered holds in memory, by the id of the version. */
export type Served = ReadonlyMap<string, ModelState>

type Tone = 'good' | 'info' | 'bad' | 'none'

export type VersionState = { word: string; tone: Tone; reason: string | null }

const unserved: Record<Exclude<Model['status'], 'ready'>, { tone: Tone; reason: string }> = {
  pending: { tone: 'none', reason: 'It has no file yet.' },
  uploaded: { tone: 'none', reason: 'Its file has not been checked yet.' },
  validating: { tone: 'info', reason: 'Its file is being checked.' },
  error: { tone: 'bad', reason: 'Its file was refused.' },
  archived: { tone: 'none', reason: 'It was taken out of service.' },
}

/** How a version is, in a word, and why where the word alone does not say it. */
export function versionState(model: Model, served: Served): VersionState {
  if (model.status !== 'ready') {
    const { tone, reason } = unserved[model.status]
    return { word: model.status, tone, reason: model.error ?? reason }
  }
  const now = served.get(model.id)
  switch (now?.state) {
    case undefined:
    case 'ready':
      return { word: 'ready', tone: 'good', reason: null }
    case 'failed':
      return { word: 'failed', tone: 'bad', reason: now.reason ?? 'It could not be loaded.' }
    case 'unloaded':
    case 'unloading':
      return {
        word: 'not loaded',
        tone: 'none',
        reason:
          now.reason === null
            ? 'It loads with its next call.'
            : 'It was unloaded, and answers nobody until it is loaded.',
      }
    case 'loading':
    case 'reloading':
      return { word: 'loading', tone: 'info', reason: null }
  }
}

/** Every word there may be, for the filter. */
export const stateWords = [
  'ready',
  'loading',
  'not loaded',
  'failed',
  'error',
  'pending',
  'uploaded',
  'validating',
  'archived',
]
