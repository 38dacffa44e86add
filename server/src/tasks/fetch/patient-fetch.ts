import type { TaskContext, TaskRequest } from '@roundhouse/sdk/config'
import { backoffMs } from '../../kit/backoff.ts'
import type { Log } from '../../kit/log.ts'
import { createPace } from './pace.ts'
import { toldWaitMs } from './told-wait.ts'
import { createStall, wholeAnswer } from './whole-answer.ts'

const mostTries = 6
const firstWaitMs = 500
const longestBackoffMs = 30_000
/** Who asks for more is not waited for: the answer is given. */
const longestWaitMs = 600_000
const stallMs = 30_000
const passingStatuses = new Set([429, 500, 502, 503, 504])

type Outcome = { response: Response } | { error: unknown }

/** The `fetch` of one run. */
export function createPatientFetch({
  requestsPerSecond,
  signal: runSignal,
  log,
}: {
  requestsPerSecond: number
  signal: AbortSignal
  log: Log
}): TaskContext['fetch'] {
  const pace = createPace(requestsPerSecond)

  return async (address, { repeat, ...request } = {}) => {
    const url = new URL(address)
    if (!/^https?:$/.test(url.protocol))
      throw new TypeError(`fetch speaks http: and https:, not ${url.protocol}`)
    const signal = request.signal ? AbortSignal.any([runSignal, request.signal]) : runSignal
    const tries = mayRepeat(request, repeat) ? mostTries : 1
    for (let attempt = 1; ; attempt++) {
      await pace.turn(url.host, signal)
      const outcome = await send(url, request, signal)
      const waitMs = waitOf(outcome, attempt, url.host)
      if (waitMs === undefined || attempt >= tries) {
        if ('response' in outcome) return outcome.response
        throw outcome.error
      }
      const why = 'response' in outcome ? { status: outcome.response.status } : { err: outcome.error }
      log.info('task-fetch-retry', { host: url.host, attempt, wait_ms: waitMs, ...why })
      pace.hold(url.host, waitMs)
    }
  }

  /** Undefined when trying again is of no use. */
  function waitOf(outcome: Outcome, attempt: number, host: string): number | undefined {
    const ownMs = Math.round(backoffMs(attempt, firstWaitMs, longestBackoffMs) * (0.5 + Math.random() / 2))
    if ('error' in outcome) return ownMs
    const { headers, status } = outcome.response
    const toldMs = toldWaitMs(headers, Date.now())
    if (!passingStatuses.has(status)) {
      // The quota is spent: the next one would be refused.
      if (toldMs !== undefined) pace.hold(host, Math.min(toldMs, longestWaitMs))
      return undefined
    }
    if (toldMs === undefined) return ownMs
    // Not all at the same moment, and never before it.
    return toldMs > longestWaitMs ? undefined : Math.round(toldMs + (Math.random() * firstWaitMs) / 2)
  }
}

/** One try, with the body. Rejects only when it was called off. */
async function send(url: URL, request: RequestInit, signal: AbortSignal): Promise<Outcome> {
  const stall = createStall(stallMs)
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.any([signal, stall.signal]) })
    stall.renew()
    return { response: await wholeAnswer(response, stall) }
  } catch (error) {
    stall.end()
    signal.throwIfAborted()
    return { error: stall.signal.aborted ? stall.signal.reason : error }
  }
}

function mayRepeat({ method = 'GET', body }: RequestInit, repeat: TaskRequest['repeat']): boolean {
  const isStream = typeof body === 'object' && body !== null && Symbol.asyncIterator in body
  // It can be sent once.
  if (isStream) return false
  return repeat ?? !['POST', 'PATCH'].includes(method.toUpperCase())
}
