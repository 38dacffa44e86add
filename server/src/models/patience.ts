import { isProblem } from '@roundhouse/sdk/contract'
import { backoffMs } from '../kit/backoff.ts'
import type { Clock } from '../kit/clock.ts'

/** The storage gave nothing for as long as one may wait. */
export class StorageOutage extends Error {
  constructor(sentence: string, options: ErrorOptions) {
    super(sentence, options)
    this.name = 'StorageOutage'
  }
}

/** How long a storage that fails is asked again. Bytes that arrive renew it: a large file may take its time. */
export type Patience = {
  gain(): void
  /**
   * Runs one question, at most `stallMs` long. @throws what `work` throws; Error when it is silent; the reason of the
   * signal when that aborts.
   */
  within<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result>
  /** Waits before the next try, each time longer and never equally long. @throws StorageOutage when it is over. */
  after(error: unknown): Promise<void>
}

/** A storage that takes 5 s to answer is slow, not gone. */
const stallMs = 20_000
const firstWaitMs = 500
const longestWaitMs = 10_000

/** @param options.limitMs Without a byte, before it is an outage. */
export function createPatience(options: {
  clock: Clock
  limitMs: number
  signal: AbortSignal
  onRetry: (error: unknown, waitMs: number) => void
}): Patience {
  const { clock, limitMs, signal, onRetry } = options
  let gainedAt = clock.elapsed()
  let failures = 0

  const leftMs = () => limitMs - (clock.elapsed() - gainedAt)

  async function within<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    signal.throwIfAborted()
    const ended = new AbortController()
    const atMostMs = Math.max(0, Math.min(stallMs, leftMs()))
    const stop = () => ended.abort(signal.reason)
    signal.addEventListener('abort', stop)
    const cancel = clock.after(atMostMs, () =>
      ended.abort(new Error(`it was silent for ${Math.round(atMostMs / 1000)} s`)),
    )
    const aborted = new Promise<never>((_resolve, reject) => {
      ended.signal.addEventListener('abort', () => reject(ended.signal.reason), { once: true })
    })
    try {
      return await Promise.race([work(ended.signal), aborted])
    } finally {
      cancel()
      signal.removeEventListener('abort', stop)
    }
  }

  async function after(error: unknown): Promise<void> {
    signal.throwIfAborted()
    failures += 1
    // Half of it by chance: replicas that failed together do not come back together.
    const waitMs = backoffMs(failures, firstWaitMs, longestWaitMs) * (0.5 + Math.random() / 2)
    if (leftMs() <= waitMs)
      throw new StorageOutage(`nothing came for ${limitMs / 1000} s; the last try: ${whatHappened(error)}`, {
        cause: error,
      })
    onRetry(error, Math.round(waitMs))
    await new Promise<void>((resolve, reject) => {
      const stop = () => {
        cancel()
        reject(signal.reason)
      }
      const cancel = clock.after(waitMs, () => {
        signal.removeEventListener('abort', stop)
        resolve()
      })
      signal.addEventListener('abort', stop, { once: true })
    })
  }

  return {
    gain() {
      gainedAt = clock.elapsed()
      failures = 0
    },
    within,
    after,
  }
}

/** Trying again at once is of no use. */
export function isLasting(error: unknown): boolean {
  return error instanceof StorageOutage || (isProblem(error) && !error.retryable)
}

/** In a few words: fetch itself says only that it failed, and why is in the cause. */
export function whatHappened(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  const reason = error.message === 'fetch failed' || error.message === 'terminated' ? cause : error
  const text = reason instanceof Error ? reason.message || reason.name : error.message
  return text.replace(/\.$/, '')
}
