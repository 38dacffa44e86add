import { isProblem } from '@roundhouse/sdk/contract'
import { backoffMs } from '../kit/backoff.ts'
import type { Clock } from '../kit/clock.ts'
import { pause } from '../kit/pause.ts'

/** The storage gave nothing, or far too little, for as long as one may wait. */
export class StorageOutage extends Error {
  constructor(sentence: string, options: ErrorOptions) {
    super(sentence, options)
    this.name = 'StorageOutage'
  }
}

/**
 * How long a storage that fails is asked again. Only the time that is spent on the storage counts. Bytes that arrive give
 * time back, at 100 kB a second: a large file may take its time, and one that trickles comes to an end, at the latest
 * after the limit and 10 s for each megabyte.
 */
export type Patience = {
  gain(bytes: number): void
  /**
   * Runs one question, at most `stallMs` long. @throws what `work` throws; Error when it is silent; StorageOutage when
   * the time is over; the reason of the signal when that aborts.
   */
  within<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result>
  /** Waits before the next try, each time longer and never equally long. @throws StorageOutage when it is over. */
  after(error: unknown): Promise<void>
}

/** A storage that takes 5 s to answer is slow, not gone. */
const stallMs = 20_000
const firstWaitMs = 500
const longestWaitMs = 10_000
/** 100 kB a second: the 100 MB of the largest model that is usual take 17 minutes. */
const leastBytesPerMs = 100

/** @param options.limitMs Without a byte, before it is an outage. */
export function createPatience(options: {
  clock: Clock
  limitMs: number
  signal: AbortSignal
  onRetry: (error: unknown, waitMs: number) => void
}): Patience {
  const { clock, limitMs, signal, onRetry } = options
  let leftMs = limitMs
  let gained = false
  let failures = 0

  function outage(cause?: unknown): StorageOutage {
    const what = gained
      ? `it gives less than ${leastBytesPerMs} kB a second`
      : `nothing came for ${limitMs / 1000} s`
    const last = cause === undefined ? '' : `; the last try: ${whatHappened(cause)}`
    return new StorageOutage(what + last, { cause })
  }

  async function within<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    signal.throwIfAborted()
    const ended = new AbortController()
    const startedAt = clock.elapsed()
    const atMostMs = Math.max(0, Math.min(stallMs, leftMs))
    const stop = () => ended.abort(signal.reason)
    signal.addEventListener('abort', stop)
    const cancel = clock.after(atMostMs, () =>
      ended.abort(atMostMs < stallMs ? outage() : new Error(`it was silent for ${stallMs / 1000} s`)),
    )
    const aborted = new Promise<never>((_resolve, reject) => {
      ended.signal.addEventListener('abort', () => reject(ended.signal.reason), { once: true })
    })
    try {
      return await Promise.race([work(ended.signal), aborted])
    } finally {
      cancel()
      signal.removeEventListener('abort', stop)
      leftMs -= clock.elapsed() - startedAt
    }
  }

  async function after(error: unknown): Promise<void> {
    signal.throwIfAborted()
    failures += 1
    // Half of it by chance: replicas that failed together do not come back together.
    const waitMs = backoffMs(failures, firstWaitMs, longestWaitMs) * (0.5 + Math.random() / 2)
    if (leftMs <= waitMs) throw outage(error)
    leftMs -= waitMs
    onRetry(error, Math.round(waitMs))
    await pause(waitMs, clock, signal)
  }

  return {
    gain(bytes) {
      leftMs = Math.min(limitMs, leftMs + bytes / leastBytesPerMs)
      gained = leftMs < limitMs
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
