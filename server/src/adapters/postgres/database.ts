import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { context } from '../../kit/context.ts'
import type { Log } from '../../kit/log.ts'
import type { Audit, Database } from '../../ports/database.ts'
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
  /** Connections at most for callers' work, and for the server's own; one more is for health checks. */
  max: number
  systemMax: number
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
  const { max, systemMax, log, timeouts = requestTimeouts } = options
  const config = readConnection(options, log)
  const health = createHealthCheck({ ...config, application_name: `${options.applicationName}-health` })
  const breaker = createBreaker(health.check, log)
  const poolOptions: pg.PoolConfig = {
    ...config,
    connectionTimeoutMillis: timeouts.connectMs,
    query_timeout: timeouts.queryMs,
    statement_timeout: timeouts.statementMs,
    lock_timeout: timeouts.lockMs,
    idle_in_transaction_session_timeout: 10_000,
    idleTimeoutMillis: 30_000,
    maxLifetimeSeconds: 1800,
  }
  const nobody = openPool({ max })
  // Told at the start of the connection, so that work outside a transaction has it too.
  const system = openPool({ max: systemMax, options: `${config.options ?? ''} -c roundhouse.system=on` })
  const pools = [nobody, system]
  let closing: Promise<void> | undefined

  function openPool(more: pg.PoolConfig) {
    const pool = new pg.Pool({ ...poolOptions, ...more })
    const guarded = createGuardedPool(pool, {
      breaker,
      log,
      totalMs: timeouts.connectMs + timeouts.queryMs,
    })
    return { pool, guarded, db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool: guarded }) }) }
  }

  /** The hash of the newest entry is also in the log, where no one with access to the database alone can change it. */
  function auditIn(transaction: Transaction<Tables>): Audit {
    return async (action, target, details = {}) => {
      const { rows } = await sql<{ seq: string; hash: string }>`
        select seq, hash from append_audit(${action}, ${target}, ${JSON.stringify(details)}::jsonb)`.execute(
        transaction,
      )
      log.info('audit-append', { seq: Number(rows[0]?.seq), hash: rows[0]?.hash, action, target })
    }
  }

  return {
    as: ({ userId, role, credential }, work) =>
      nobody.db.transaction().execute(async transaction => {
        await setClaims(transaction, { sub: userId, role, credential })
        return work(transaction, auditIn(transaction))
      }),
    asSystem: work =>
      system.db.transaction().execute(async transaction => {
        await setClaims(transaction, {})
        return work(transaction, auditIn(transaction))
      }),
    system: system.db,
    nobody: nobody.db,
    check: breaker.check,
    connections: () => ({
      total: sum(pools.map(({ pool }) => pool.totalCount)),
      idle: sum(pools.map(({ pool }) => pool.idleCount)),
      waiting: sum(pools.map(({ pool }) => pool.waitingCount)),
    }),
    close() {
      breaker.close()
      health.close()
      closing ??= Promise.all(pools.map(({ guarded }) => guarded.closeAll())).then(() => {})
      return closing
    },
  }
}

/**
 * In the form that PostgREST made usual, so that policies of the user's own tables can read them too. Others may set the
 * same claims; `roundhouse.server` says that it is the server's own code that works for this caller.
 */
async function setClaims<Tables>(db: Kysely<Tables>, caller: Record<string, string | null>): Promise<void> {
  const { requestId, ip } = context.getStore() ?? {}
  const claims = JSON.stringify({ ...caller, request_id: requestId, ip })
  await sql`
    select set_config('request.jwt.claims', ${claims}, true), set_config('roundhouse.server', 'on', true)`.execute(
    db,
  )
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
