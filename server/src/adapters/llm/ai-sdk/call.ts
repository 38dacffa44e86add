import type { Deadline } from '../openai/exchange.ts'

/** One call under way. */
export type Call = {
  /** For the request: ends with the caller's signal, and when a deadline has passed. */
  readonly signal: AbortSignal
  /** What `work` comes to. @throws the reason of the caller's signal, or the deadline's problem, whichever is first */
  wait<Result>(work: PromiseLike<Result>, deadline: Deadline): Promise<Result>
  /** Calls the request off, unless it is over. */
  stop(): void
  /** Nobody waits any more; what is left of the answer may come to its end. */
  leave(): void
}

/** @throws the signal's reason, when it is aborted already */
export function openCall(signal: AbortSignal): Call {
  signal.throwIfAborted()
  const request = new AbortController()
  let fail: ((reason: unknown) => void) | undefined

  function onAbort(): void {
    fail?.(signal.reason)
    request.abort(signal.reason)
  }
  signal.addEventListener('abort', onAbort)

  function leave(): void {
    signal.removeEventListener('abort', onAbort)
  }

  return {
    signal: request.signal,
    wait(work, deadline) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => {
            reject(deadline.late())
            request.abort()
          },
          Math.max(0, deadline.at - performance.now()),
        )
        fail = reason => {
          clearTimeout(timer)
          reject(reason)
        }
        work.then(
          result => {
            clearTimeout(timer)
            resolve(result)
          },
          error => fail?.(error),
        )
        // Between two parts nobody waits.
        if (signal.aborted) fail(signal.reason)
      })
    },
    stop() {
      leave()
      request.abort()
    },
    leave,
  }
}
