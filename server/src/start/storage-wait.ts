import { isProblem } from '@roundhouse/sdk/contract'
import type { Clock } from '../kit/clock.ts'

const limitMs = 120_000
const lookMs = 1000

/**
 * While the storage does not answer, a replica with an empty disk cannot load what it must serve: it is waited for,
 * and then left to whoever starts processes. A required model that is missing for another reason is told by readiness.
 * @param options.startedAt By `clock.elapsed()`: when the start began to need the storage.
 * @throws Error, one sentence, after 120 s; the reason of the signal.
 */
export async function waitForStorage(options: {
  check: () => Promise<void>
  /** Why this process is not ready, as far as models go. */
  reasons: () => readonly string[]
  clock: Clock
  startedAt: number
  signal: AbortSignal
}): Promise<void> {
  const { check, reasons, clock, startedAt, signal } = options
  for (;;) {
    signal.throwIfAborted()
    const missing = reasons()
    if (missing.length === 0) return
    const error = await check().then(
      () => undefined,
      (error: unknown) => error,
    )
    if (!isProblem(error) || error.code !== 'storage-unavailable') return
    if (clock.elapsed() - startedAt >= limitMs)
      throw new Error(
        `The storage has not answered for ${limitMs / 1000} s. ${missing[0]} Check the storage and FILES_URL, then start again.`,
        { cause: error },
      )
    await new Promise<void>(resolve => clock.after(lookMs, resolve))
  }
}
