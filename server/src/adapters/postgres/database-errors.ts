import { isProblem, Problem } from '@roundhouse/sdk/contract'
import pg from 'pg'

/** What a failure tells about the server: `server` it does not answer, `session` this connection ended, `busy` it is full or slow. */
export type Outage = 'server' | 'session' | 'busy'

/** Texts of node-postgres and its pool, which has no codes for them. */
const messages: Readonly<Record<string, Outage>> = {
  // Later than statement_timeout: the server did not keep its own limit, so it hangs or the way to it is cut.
  'Query read timeout': 'server',
  'Connection terminated due to connection timeout': 'server',
  'timeout expired': 'server',
  'timeout exceeded when trying to connect': 'busy',
  'Connection terminated unexpectedly': 'session',
  'Connection terminated': 'session',
  'Client has encountered a connection error and is not queryable': 'session',
  'Client was closed and is not queryable': 'session',
}

/** SQLSTATE or errno. https://www.postgresql.org/docs/18/errcodes-appendix.html */
const codes: Readonly<Record<string, Outage>> = {
  '57P01': 'session',
  '57P02': 'session',
  '57P03': 'server',
  '57P05': 'session',
  '25P03': 'session',
  '25P04': 'session',
  '57014': 'busy',
  '53300': 'busy',
  ECONNRESET: 'session',
  EPIPE: 'session',
}

const diskFull = '53100'

/** Undefined when the database works and has refused the statement. */
export function classify(error: unknown): Outage | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (code === undefined) return messages[error.message]
  const known = codes[code]
  if (known) return known
  if (code.startsWith('08')) return 'session'
  // 55P03 is also the answer to `nowait`, which the caller asked for.
  if (code === '55P03')
    return error instanceof pg.DatabaseError && error.routine === 'ProcessInterrupts' ? 'busy' : undefined
  // The system's own errors: refused, unreachable, no such host, no such socket.
  return 'syscall' in error ? 'server' : undefined
}

/** Whether a statement that may run twice can be tried on another connection. */
export function isRetryable(error: unknown): boolean {
  return (
    classify(error) === 'session' || (error instanceof Error && 'code' in error && error.code === '57P03')
  )
}

const sentences: Readonly<Record<Outage, string>> = {
  server: 'The database does not answer. Try again in a second.',
  session: 'The connection to the database was lost. Try again in a second.',
  busy: 'The database is too busy to answer in time. Try again in a second.',
}

/** Turns what says that the database is not available into the Problem; or that its disk is full; leaves what it refuses. */
export function translate(error: unknown): unknown {
  if (isProblem(error)) return error
  if (error instanceof Error && 'code' in error && error.code === diskFull)
    return new Problem('storage-full', 'The disk of the database is full; nothing was stored.', {
      retryAfterSeconds: 30,
      cause: error,
    })
  const outage = classify(error)
  return outage ? unavailable(sentences[outage], error) : error
}

export function unavailable(sentence: string, cause?: unknown): Problem {
  return new Problem('database-unavailable', sentence, { retryAfterSeconds: 1, cause })
}
