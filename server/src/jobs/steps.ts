import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { Log } from '../kit/log.ts'
import type { JobContext, Json } from './job.ts'
import type { Held, JobStore } from './store.ts'

/** Of Unicode, as the database counts them. */
const longestName = 200

/** Work that is done once, however often its job is begun. */
export function createSteps(options: {
  store: Pick<JobStore, 'steps' | 'keepStep'>
  held: Held
  signal: AbortSignal
  log: Log
  /** Until the database answers. */
  insist: <Result>(work: () => Promise<Result>) => Promise<Result>
  /** A step was kept that was not there before. */
  onKept: () => void
  onLost: () => void
}): JobContext['step'] {
  const { store, held, signal, log, insist, onKept, onLost } = options
  let stored: Promise<Map<string, Json>> | undefined

  async function keep(name: string, result: Json): Promise<{ result: Json } | undefined> {
    try {
      return await insist(() => store.keepStep(held, name, result))
    } catch (error) {
      if (isProblem(error) || signal.aborted) throw error
      // Done again it would only be refused again, and what it does outside would be done again too.
      log.error('job-step-refused', { job_id: held.id, step: name, err: error })
      throw new Problem('internal', `The result of the step ${name} could not be stored.`, { cause: error })
    }
  }

  return async <Result extends Json>(name: string, work: (idempotencyKey: string) => Promise<Result>) => {
    signal.throwIfAborted()
    checkName(name)
    stored ??= insist(() => store.steps(held.id))
    const known = await stored
    // What lies there is what the same step gave before.
    if (known.has(name)) return known.get(name) as Result
    signal.throwIfAborted()
    const result = await work(`${held.id}:${name}`)
    const kept = await keep(name, result)
    if (!kept) {
      onLost()
      signal.throwIfAborted()
      throw new Error('The job was lost to another worker.')
    }
    onKept()
    known.set(name, kept.result)
    return kept.result as Result
  }
}

/** Before the work is done: what cannot be kept would be done at each attempt. @throws Problem `internal`. */
function checkName(name: string): void {
  const length = typeof name === 'string' ? [...name].length : 0
  if (length >= 1 && length <= longestName && !name.includes('\u0000') && name.isWellFormed()) return
  throw new Problem('internal', `The name of a step is text of 1 to ${longestName} characters, without NUL.`)
}
