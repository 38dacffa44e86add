import { isProblem } from '../contract/problem.ts'
import { problemCodes } from '../contract/problem-codes.ts'
import { ConnectionError } from './errors.ts'

/** A server that asks for more is not waited for: the caller gets the problem with its `retryAfterSeconds`. */
export const longestWaitMs = 60_000

const firstBackoffMs = 200
const longestBackoffMs = 8_000

/**
 * Reads `Retry-After`: whole seconds or an HTTP date. Undefined when it is absent or neither.
 * Source: RFC 9110, 10.2.3.
 */
export function retryAfterSeconds(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  if (/^\d+$/.test(text)) return Number(text)
  // Date.parse also takes "-1" and "1.5" for dates; an HTTP date starts with the name of a day.
  const dateMs = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(dateMs) ? undefined : Math.max(0, Math.ceil((dateMs - nowMs) / 1000))
}

/** Whether the same may be answered a little later. */
export function mayPass(error: unknown): boolean {
  return error instanceof ConnectionError || (isProblem(error) && problemCodes[error.code].retryable)
}

/** Milliseconds before try `retry + 2`, with full jitter: clients that failed together do not come back together. */
export function backoffMs(retry: number, random: () => number): number {
  return random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** retry)
}

/** Fulfils after `ms`; rejects with the reason of the signal as soon as it aborts. */
export function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
