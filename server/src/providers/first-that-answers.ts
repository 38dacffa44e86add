import { isProblem } from '@roundhouse/sdk/contract'
import { backoffMs } from '../kit/backoff.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import { pause } from '../kit/pause.ts'
import type { Endpoint, Turn } from './endpoint.ts'
import type { CallObserver, Target } from './provider.ts'

/** A model and where it is called. */
export type Candidate = { readonly target: Target; readonly endpoint: Endpoint }

export type Answered<Answer> = {
  readonly answer: Answer
  readonly target: Target
  /** For the caller to end. */
  readonly turn: Turn
}

const mostTries = 3
const firstWaitMs = 250
const longestBackoffMs = 4000
/** Who asks for more is not waited for: the next one is asked. */
const longestRetryAfterSeconds = 10
/** What may be gone a moment later. A time-out is not among them: the next one is asked instead of waiting as long again. */
const passing: ReadonlySet<string> = new Set(['provider-unavailable', 'provider-failed', 'provider-busy'])

/**
 * Asks each in order until one answers; one that may answer a moment later is asked up to three times.
 * @throws what went wrong with the first that was really asked: the caller chose that one. Else why none could be. When the
 * signal aborts, what that call ended with.
 */
export async function firstThatAnswers<Answer>(
  candidates: readonly Candidate[],
  ask: (candidate: Candidate) => Promise<Answer>,
  options: {
    readonly signal: AbortSignal
    readonly observer: CallObserver | undefined
    readonly clock: Clock
    readonly log: Log
  },
): Promise<Answered<Answer>> {
  const { signal, observer, clock, log } = options
  let asked: { readonly error: unknown } | undefined
  let skipped: unknown
  let number = 0

  for (const candidate of candidates) {
    const { target, endpoint } = candidate
    for (let attempt = 1; ; attempt += 1) {
      let turn: Turn
      try {
        turn = await endpoint.enter(signal)
      } catch (error) {
        if (!isProblem(error) || signal.aborted) throw error
        skipped ??= error
        break
      }
      observer?.attempt?.(target, ++number)
      try {
        return { answer: await ask(candidate), target, turn }
      } catch (error) {
        // Whatever it is thrown as: nobody waits for an answer any more.
        if (signal.aborted) {
          turn.left()
          throw error
        }
        turn.end(error)
        observer?.failed?.(target, error)
        if (!isProblem(error)) throw error
        asked ??= { error }
        const waitMs = attempt < mostTries ? waitBefore(error, attempt) : undefined
        log.info('provider-call-fail', {
          provider: target.provider,
          model: target.model.name,
          code: error.code,
          reason: error.message,
          attempt,
          ...(waitMs === undefined ? {} : { wait_ms: waitMs }),
        })
        if (waitMs === undefined) break
        await pause(waitMs, clock, signal)
      }
    }
  }
  throw asked ? asked.error : skipped
}

/** Undefined when asking the same one again is of no use. Never before the moment it names, and not all at once. */
function waitBefore(
  problem: { code: string; retryAfterSeconds: number | undefined },
  attempt: number,
): number | undefined {
  if (!passing.has(problem.code)) return undefined
  const ownMs = backoffMs(attempt, firstWaitMs, longestBackoffMs) * (0.5 + Math.random() / 2)
  const { retryAfterSeconds } = problem
  if (retryAfterSeconds === undefined) return Math.round(ownMs)
  if (retryAfterSeconds > longestRetryAfterSeconds) return undefined
  return Math.round(retryAfterSeconds * 1000 + (Math.random() * firstWaitMs) / 2)
}
