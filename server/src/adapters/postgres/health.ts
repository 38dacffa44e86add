import pg from 'pg'
import type { DatabaseHealth } from '../../ports/database.ts'
import { destroyClient } from './connection.ts'

const limitMs = 1000

/** Asks the server over a connection of its own, one question at a time; answers within a second. */
export function createHealthCheck(config: pg.ClientConfig): {
  check(): Promise<DatabaseHealth>
  close(): void
} {
  let client: pg.Client | undefined
  let asking: Promise<DatabaseHealth> | undefined

  function drop(): void {
    if (client) destroyClient(client)
    client = undefined
  }

  async function query(): Promise<void> {
    if (!client) {
      const fresh = new pg.Client({ ...config, connectionTimeoutMillis: limitMs, query_timeout: limitMs })
      client = fresh
      fresh.on('error', () => {
        if (client === fresh) drop()
      })
      await fresh.connect()
    }
    await client.query('select 1')
  }

  async function ask(): Promise<DatabaseHealth> {
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs)
    })
    try {
      await Promise.race([query(), limit])
      return { ok: true }
    } catch (error) {
      drop()
      return {
        ok: false,
        reason: `The database does not answer: ${error instanceof Error ? error.message : error}.`,
      }
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    check() {
      asking ??= ask().finally(() => {
        asking = undefined
      })
      return asking
    },
    close: drop,
  }
}
