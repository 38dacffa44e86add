import { setTimeout as delay } from 'node:timers/promises'
import { Problem } from '@roundhouse/sdk/contract'
import { type Dispatcher, fetch, type Response } from 'undici'
import { backoffMs } from '../../kit/backoff.ts'
import type { Clock } from '../../kit/clock.ts'
import { jsonIn } from '../../kit/json-in.ts'
import { textUpTo } from '../../kit/text-up-to.ts'
import { createPatience, readsOf } from './remote-read.ts'

const mostTries = 3
const firstWaitMs = 250
const passingStatuses = new Set([429, 502, 503, 504])
const longestWaitMs = 60_000
/** Of a refusal, for the sentence in it. */
const reasonBytes = 64 * 1024
const reasonMs = 5000

type Order = {
  readonly url: string
  readonly secret: string
  readonly body: string
  /** Each time that it is asked the backend can know it again, after the death of a process too. */
  readonly runId: string
  readonly requestId: string
  /** Until the head of the answer. */
  readonly silenceMs: number
  readonly dispatcher: Dispatcher
  /** The words of the backend as the end of a sentence, or nothing. */
  readonly quote: (words: unknown) => string
  readonly clock: Clock
}

/**
 * Sends a run to a backend, again where nothing of it was begun there. The secret goes to this address and no other.
 * @throws Problem `provider-unavailable`, `provider-busy`, `provider-timeout`, `provider-unauthorised`, `provider-refused`,
 * `provider-failed`; the signal's reason.
 */
export async function postToBackend(order: Order, signal: AbortSignal): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await send(order, signal)
      if (response.ok) return response
      throw await refusalOf(response, order)
    } catch (error) {
      signal.throwIfAborted()
      const mayHelp = error instanceof Problem && error.retryable && error.code !== 'provider-timeout'
      if (!mayHelp || attempt === mostTries) throw error
      await delay(backoffMs(attempt, firstWaitMs, longestWaitMs) * (0.5 + Math.random() / 2), undefined, {
        signal,
      })
    }
  }
}

async function send(order: Order, signal: AbortSignal): Promise<Response> {
  const { url, secret, body, runId, requestId, silenceMs, dispatcher, clock } = order
  const tooLate = new AbortController()
  const stopTimer = clock.after(silenceMs, () => tooLate.abort())
  try {
    return await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream, application/json',
        'x-railway-secret': secret,
        'idempotency-key': runId,
        'x-request-id': requestId,
      },
      body,
      dispatcher,
      redirect: 'error',
      signal: AbortSignal.any([signal, tooLate.signal]),
    })
  } catch (error) {
    signal.throwIfAborted()
    if (tooLate.signal.aborted)
      throw new Problem(
        'provider-timeout',
        `The backend of the agent did not begin to answer within ${silenceMs / 1000} s.`,
      )
    throw new Problem('provider-unavailable', 'The backend of the agent cannot be reached.', { cause: error })
  } finally {
    stopTimer()
  }
}

async function refusalOf(response: Response, { quote, clock }: Order): Promise<Problem> {
  const { status } = response
  // The status alone says enough.
  const reason = await textUpTo(readsOf(response, createPatience(clock, reasonMs)), reasonBytes).catch(
    () => null,
  )
  const sentence = `The backend of the agent answered ${status}.`
  if (status === 401 || status === 403) return new Problem('provider-unauthorised', sentence)
  if (status === 429) return new Problem('provider-busy', sentence)
  if (passingStatuses.has(status)) return new Problem('provider-unavailable', sentence)
  if (status >= 500) return new Problem('provider-failed', sentence)
  const words = quote(reason === null ? '' : wordsOf(reason.text))
  return new Problem('provider-refused', `The backend of the agent answered ${status}${words}.`)
}

/** In JSON the error is at its top, or what the whole is. */
function wordsOf(text: string): unknown {
  const body = jsonIn(text)
  if (body === undefined) return text
  return typeof body === 'object' && body !== null && 'error' in body ? body.error : body
}
