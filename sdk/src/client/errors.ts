/**
 * No reply arrived. `unreachable`: the connection failed, or broke before the whole reply was read.
 * `timeout`: the time of one try passed. Whether the server did the work is not known.
 */
export class ConnectionError extends Error {
  readonly reason: 'unreachable' | 'timeout'

  constructor(reason: 'unreachable' | 'timeout', sentence: string, options: { cause?: unknown } = {}) {
    super(sentence, options)
    this.name = 'ConnectionError'
    this.reason = reason
  }
}

/** A reply with a good status that is not of the documented form: a proxy in between, or an older server. */
export class UnexpectedReply extends Error {
  readonly status: number
  readonly requestId: string | undefined

  constructor(sentence: string, details: { status: number; requestId: string | undefined; cause?: unknown }) {
    super(sentence, { cause: details.cause })
    this.name = 'UnexpectedReply'
    this.status = details.status
    this.requestId = details.requestId
  }
}
