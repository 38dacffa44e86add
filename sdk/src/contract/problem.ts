import { type ProblemCode, problemCodes } from './problem-codes.ts'

export type ProblemOptions = {
  cause?: unknown
  /** Whole seconds after which the same call may be tried again; sent as `Retry-After`. */
  retryAfterSeconds?: number
  requestId?: string
}

/**
 * Something that may happen, with a sentence for the caller. Anything else that is thrown is a bug.
 *
 * `throw new Problem('model-not-found', 'There is no model named price-tft.')`
 */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly status: number
  readonly retryable: boolean
  readonly retryAfterSeconds: number | undefined
  readonly requestId: string | undefined

  constructor(code: ProblemCode, sentence: string, options: ProblemOptions = {}) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Problem'
    this.code = code
    this.status = problemCodes[code].status
    this.retryable = problemCodes[code].retryable
    this.retryAfterSeconds = options.retryAfterSeconds
    this.requestId = options.requestId
  }
}

export function isProblem(error: unknown): error is Problem {
  return error instanceof Problem
}
