import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Log } from '../../kit/log.ts'
import type { Database } from '../../ports/database.ts'
import { createBreaker } from './breaker.ts'
import { type ConnectionOptions, readConnection } from './connection.ts'
import { createGuardedPool } from './guarded-pool.ts'
import { createHealthCheck } from './health.ts'

export type DatabaseTimeouts = {
  /** Waiting for a connection. */
  connectMs: number
  /** Waiting for an answer: the only guard against a server that hangs. */
  queryMs: number
  /** The server's own limit; below `queryMs`, so that it gives up first and the connection stays usable. */
  statementMs: number
  lockMs: number
}

/** Together they keep the promise of the port: every query ends within 2.8 s. */
const requestTimeouts: DatabaseTimeouts = { connectMs: 800, queryMs: 2000, statementMs: 1800, lockMs: 1000 }

export type DatabaseOptions = ConnectionOptions & {
  /** Connections at most, beside one for health checks. */
  max: number
  log: Log
  /** For jobs and reports, which may take longer than a request. */
  timeouts?: DatabaseTimeouts
}

/**
 * Opens the database over a bounded pool; connects when first asked. A SELECT that loses its connection is run once
 * more on a fresh one, so a function with effects belongs in a transaction or behind another statement.
 * @throws Error, one sentence, when the connection string is not valid.
 */
export function openDatabase<Tables>(options: DatabaseOptions): Database<Tables> {
  const { max, log, timeouts = requestTimeouts } = options
  const config = readConnection(options, log)
  const health = createHealthCheck({ ...config, application_name: `${options.applicationName}-health` })
  const breaker = createBreaker(health.check, log)
  const pool = new pg.Pool({
    ...config,
    max,
    connectionTimeoutMillis: timeouts.connectMs,
    query_timeout: timeouts.queryMs,
    statement_timeout: timeouts.statementMs,
    lock_timeout: timeouts.lockMs,
    idle_in_transaction_session_timeout: 10_000,
    idleTimeoutMillis: 30_000,
    maxLifetimeSeconds: 1800,
  })
  const guarded = createGuardedPool(pool, { breaker, log, totalMs: timeouts.connectMs + timeouts.queryMs })
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: guarded }) })
  let closing: Promise<void> | undefined

  return {
    db,
    check: breaker.check,
    connections: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close() {
      breaker.close()
      health.close()
      closing ??= guarded.closeAll()
      return closing
    },
  }
}
