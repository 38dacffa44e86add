import type { IncomingHttpHeaders } from 'node:http'
import { isProblem, type Problem } from '@roundhouse/sdk/contract'
import { isFields } from '../openai/chunk.ts'
import type { Problems } from '../openai/problems.ts'

/** An answer that is not 2xx, in the fields that the packages' own errors have. */
export class Refusal extends Error {
  readonly statusCode: number
  readonly responseHeaders: IncomingHttpHeaders
  readonly responseBody: string

  constructor(statusCode: number, responseHeaders: IncomingHttpHeaders, responseBody: string) {
    super(`status ${statusCode}`)
    this.statusCode = statusCode
    this.responseHeaders = responseHeaders
    this.responseBody = responseBody
  }
}

/** Thrown by the packages before anything is sent: what is asked cannot be said in the vendor's protocol. */
const refusedHere: ReadonlySet<unknown> = new Set([
  'AI_InvalidArgumentError',
  'AI_InvalidPromptError',
  'AI_UnsupportedFunctionalityError',
])

/**
 * What a vendor's package threw, or gave out as an `error` part, as a problem. Their errors hold the whole request and
 * what could not be read of the answer: none of them becomes a cause, for causes are logged.
 * @param request As it was asked of us: nothing of it may stand in a sentence.
 */
export function problemOf(error: unknown, request: unknown, problems: Problems): Problem {
  const ours = problemIn(error)
  if (ours) return ours
  if (!isFields(error)) return problems.unreadable('answered with something that cannot be read')
  const { name, message, statusCode, responseHeaders, responseBody } = error
  if (refusedHere.has(name)) return problems.reported({ status: 400, message }, request)
  if (typeof statusCode === 'number' && statusCode >= 300 && typeof responseBody === 'string')
    return problems.refused(
      statusOf(statusCode, responseBody),
      headersIn(responseHeaders),
      responseBody,
      request,
    )
  // What is no Error is what the vendor reported in its stream.
  if (!(error instanceof Error)) return problems.reported({ status: statusCode, message }, request)
  const isTheirs = typeof name === 'string' && name.startsWith('AI_')
  return problems.unreadable('answered with something that cannot be read', isTheirs ? undefined : error)
}

/** The packages wrap what `fetch` and its body throw. */
function problemIn(error: unknown): Problem | undefined {
  for (let inner = error; inner instanceof Error; inner = inner.cause) if (isProblem(inner)) return inner
  return undefined
}

/** Google says 400 of a key that it does not know. */
function statusOf(status: number, body: string): number {
  return status === 400 && body.includes('API_KEY_INVALID') ? 401 : status
}

function headersIn(value: unknown): IncomingHttpHeaders {
  if (!isFields(value)) return {}
  const { date, 'retry-after': retryAfter } = value
  return {
    ...(typeof date === 'string' ? { date } : {}),
    ...(typeof retryAfter === 'string' ? { 'retry-after': retryAfter } : {}),
  }
}
