import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import type pg from 'pg'
import { invariant } from '../../kit/invariant.ts'
import type { Log } from '../../kit/log.ts'
import type { Breaker } from './breaker.ts'
import { destroyClient } from './connection.ts'
import { classify, isRetryable, translate, unavailable } from './database-errors.ts'

/** A retry is worth it only while there is time left for it. */
const retryWithinMs = 1000

/**
 * The pool that Kysely gets. Kysely gives clients back without telling what happened to them, so each is watched
 * while it is out: one that timed out or broke is closed, not handed out again (without this its next query timed
 * out too, measured with Kysely 0.29.9 and pg 8.23).
 */
export function createGuardedPool(
  pool: pg.Pool,
  options: {
    breaker: Breaker
    log: Log
    /** The limit of a query and its retry together. */
    totalMs: number
  },
): PostgresPool & { closeAll(): Promise<void> } {
  const { breaker, log, totalMs } = options
  const clients = new Set<pg.Client>()
  const connectedAt = new WeakMap<pg.Client, number>()
  pool.on('connect', client => {
    clients.add(client)
    connectedAt.set(client, performance.now())
  })
  pool.on('remove', client => clients.delete(client))
  // Without a listener a session that the server ends while idle would end the process.
  pool.on('error', error => log.warn('database-connection-lost', { reason: error.message }))

  function note(error: unknown): void {
    if (classify(error) === 'server') breaker.trip(error instanceof Error ? error.message : String(error))
  }

  async function checkOut(): Promise<pg.PoolClient> {
    if (breaker.isOpen()) throw unavailable('The database does not answer. Try again in a second.')
    try {
      const client = await pool.connect()
      // A backend that ends between two queries of a transaction is told by this event; the next query fails by itself.
      client.on('error', ignore)
      return client
    } catch (error) {
      // No login, no such database, unknown host, refused certificate: no retry of ours mends these.
      if (classify(error) === undefined) {
        breaker.trip(error instanceof Error ? error.message : String(error))
        throw unavailable('The database refuses connections. The log of the server says why.', error)
      }
      note(error)
      throw translate(error)
    }
  }

  function giveBack(client: pg.PoolClient, broken: boolean): void {
    client.off('error', ignore)
    client.release(broken)
  }

  async function connect(): Promise<PostgresPoolClient> {
    let client = await checkOut()
    let held = true
    let broken = false
    let queries = 0

    async function run(sql: string, values: readonly unknown[], limitMs?: number): Promise<pg.QueryResult> {
      try {
        const limit = limitMs === undefined ? {} : { query_timeout: limitMs }
        return await client.query({ text: sql, values: [...values], ...limit })
      } catch (error) {
        if (classify(error) === 'server' || classify(error) === 'session') broken = true
        note(error)
        throw error
      }
    }

    async function runGuarded(sql: string, values: readonly unknown[]): Promise<pg.QueryResult> {
      const startedAt = performance.now()
      queries += 1
      // Only as the first statement is it surely outside a transaction and without state of the session.
      const mayRunTwice = queries === 1 && /^\s*select\s/i.test(sql)
      try {
        return await run(sql, values)
      } catch (error) {
        if (!mayRunTwice || !isRetryable(error) || performance.now() - startedAt > retryWithinMs)
          throw translate(error)
      }
      await replace()
      try {
        return await run(sql, values, Math.ceil(totalMs - (performance.now() - startedAt)))
      } catch (error) {
        throw translate(error)
      }
    }

    /** Sessions older than the failure are passed over: after a restart every idle one is as dead as this one. */
    async function replace(): Promise<void> {
      const failedAt = performance.now()
      do {
        giveBack(client, true)
        held = false
        client = await checkOut()
        held = true
      } while ((connectedAt.get(client) ?? 0) < failedAt)
      broken = false
    }

    function query<Row>(sql: string, values: readonly unknown[]): Promise<PostgresQueryResult<Row>>
    function query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>
    function query(statement: unknown, values: readonly unknown[] = []): unknown {
      invariant(typeof statement === 'string', 'cursors need `cursor` in the dialect, which we do not set')
      return runGuarded(statement, values)
    }

    return {
      query,
      release(destroy) {
        if (held) giveBack(client, destroy === true || broken)
      },
    }
  }

  return {
    options: {},
    connect,
    end: () => pool.end(),
    async closeAll() {
      const ended = pool.ended ? Promise.resolve() : pool.end()
      await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 1000).unref())])
      for (const client of clients) destroyClient(client)
    },
  }
}

function ignore(): void {}
