/** Why a job's signal aborted. */
export class JobInterruption extends Error {
  readonly kind: 'cancelled' | 'handed-back' | 'lost' | 'timed-out'

  constructor(kind: JobInterruption['kind'], sentence: string) {
    super(sentence)
    this.name = 'JobInterruption'
    this.kind = kind
  }
}

export const cancelled = 'cancelled'
export const handedBack = 'handed-back'
export const lost = 'lost'
export const timedOut = 'timed-out'

export function interruption(kind: JobInterruption['kind']): JobInterruption {
  return new JobInterruption(kind, sentences[kind])
}

const sentences = {
  cancelled: 'The job was cancelled.',
  'handed-back': 'This process is stopping; the job goes on in another.',
  lost: 'This process has lost the job to another.',
  'timed-out': 'The job has run too long.',
}
