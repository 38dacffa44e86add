import type { IncomingHttpHeaders } from 'node:http'
import { Problem } from '@roundhouse/sdk/contract'
import { createQuoting } from '../../../kit/quoting.ts'
import { isFields } from './chunk.ts'
import { retryAfterSeconds } from './retry-after.ts'

/** What can go wrong with a provider, in sentences that hold neither its key, nor its address, nor the prompt. */
export type Problems = {
  /** @param begun Whether a part of the answer was there before. */
  broken(error: Error, begun: boolean): Problem
  late(what: string): Problem
  unreadable(why: string, cause?: unknown): Problem
  /** Of an answer that is not 2xx. @param body As far as it was read. */
  refused(status: number, headers: IncomingHttpHeaders, body: string, request: unknown): Problem
  /** Of the `error` that a provider reports instead of an answer, or in the middle of one. */
  reported(error: unknown, request: unknown): Problem
}

export function createProblems(options: {
  readonly name: string
  readonly key: string | null
  readonly connectTimeoutMs: number
}): Problems {
  const { name, connectTimeoutMs } = options
  const quote = createQuoting(options.key)

  return {
    broken(error, begun) {
      const code = 'code' in error && typeof error.code === 'string' ? error.code : 'no connection'
      if (code === 'UND_ERR_CONNECT_TIMEOUT')
        return new Problem(
          'provider-timeout',
          `Provider ${name} could not be connected to within ${connectTimeoutMs / 1000} s.`,
          { cause: error },
        )
      return begun
        ? new Problem('provider-failed', `The answer of provider ${name} broke off (${code}).`, {
            cause: error,
          })
        : new Problem('provider-unavailable', `Provider ${name} could not be reached (${code}).`, {
            cause: error,
          })
    },

    late: what => new Problem('provider-timeout', `Provider ${name} ${what}.`),

    unreadable: (why, cause) => new Problem('provider-failed', `Provider ${name} ${why}.`, { cause }),

    refused(status, headers, body, request) {
      const error = errorIn(body)
      const seconds = retryAfterSeconds(headers['retry-after'], headers.date, Date.now())
      return problemOf(status, error, request, seconds)
    },

    reported(error, request) {
      const status = isFields(error) ? (statusIn(error.code) ?? statusIn(error.status)) : undefined
      return problemOf(status ?? 500, error, request)
    },
  }

  function problemOf(status: number, error: unknown, request: unknown, retryAfter?: number): Problem {
    const again = retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter }
    if (isOutOfFunds(status, error))
      return new Problem(
        'provider-unauthorised',
        `Provider ${name} does not answer before its bill is paid (${status}).`,
      )
    // What it says of a key often holds a part of it.
    if (status === 401 || status === 403)
      return new Problem('provider-unauthorised', `Provider ${name} does not accept our key (${status}).`)
    if (status === 429)
      return new Problem('provider-busy', `Provider ${name} takes no more calls now (429).`, again)
    if (status === 408) return new Problem('provider-timeout', `Provider ${name} ran out of time (408).`)
    if (status >= 300 && status < 400)
      return new Problem(
        'provider-failed',
        `Provider ${name} answered ${status}; redirects are not followed. Set its base_url to where it points.`,
      )
    const said = quote(error, request)
    if (status >= 400 && status < 500)
      return new Problem('provider-refused', `Provider ${name} refused the request (${status})${said}.`)
    return new Problem('provider-failed', `Provider ${name} failed (${status})${said}.`, again)
  }
}

/** 402 of gateways; OpenAI says 429 and would be asked again in vain. */
function isOutOfFunds(status: number, error: unknown): boolean {
  return status === 402 || (status === 429 && isFields(error) && error.code === 'insufficient_quota')
}

/** The `error` of a JSON body, else the body's own fields; undefined when it is no JSON. */
function errorIn(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body)
    return isFields(value) && value.error !== undefined ? value.error : value
  } catch {
    return undefined
  }
}

function statusIn(value: unknown): number | undefined {
  const status = Number(value)
  return status >= 400 && status <= 599 ? status : undefined
}
