export type Deadline = {
  /** Aborts when the time has passed or the caller's signal aborts. */
  readonly signal: AbortSignal
  passed(): boolean
  /** Gives the full time again: there was progress. */
  extend(): void
  /** Until the next `extend` no time passes: it is not the other side that is waited for. */
  pause(): void
  close(): void
}

/** The time of one try, joined with the caller's own signal. `timeoutMs` of Infinity never passes. */
export function openDeadline(timeoutMs: number, callerSignal: AbortSignal | undefined): Deadline {
  const controller = new AbortController()
  let passed = false
  let closed = false
  const expire = () => {
    passed = true
    controller.abort(new Error(`${timeoutMs} ms have passed.`))
  }
  const abort = () => controller.abort(callerSignal?.reason)
  // Timers take at most 2^31 - 1 ms and fire at once past it.
  const start = () => (timeoutMs < 2 ** 31 ? setTimeout(expire, timeoutMs) : undefined)
  let timer = start()
  if (callerSignal?.aborted) abort()
  // Not AbortSignal.any: on a caller's signal that lives long, each call would leave a dependent signal behind.
  callerSignal?.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    passed: () => passed,
    extend() {
      clearTimeout(timer)
      // A body may still be on its way out after the reply to it has come, and a timer then would hold the process.
      if (!closed && !controller.signal.aborted) timer = start()
    },
    pause: () => clearTimeout(timer),
    close() {
      closed = true
      clearTimeout(timer)
      callerSignal?.removeEventListener('abort', abort)
    },
  }
}
