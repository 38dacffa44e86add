import { setTimeout as sleep } from 'node:timers/promises'
import { RESP_TYPES } from 'redis'
import type { Log } from '../../kit/log.ts'
import type { Cache } from '../../ports/cache.ts'
import { createConnection, describe, within } from './connection.ts'

const deadlineMs = 250
const warnEveryMs = 60_000
const clearRetryMs = 1000

/** `wanted` says that entries set since the sweep began must go too. */
type Clearing = { wanted: boolean; swept: Promise<void> }

/**
 * A cache shared by all replicas. Redis may be away, frozen or empty at any time, also now: every call then is a
 * miss within 250 ms, and the connection comes back by itself.
 *
 * `prefix` keeps our keys apart from what else lives in that Redis.
 * @throws TypeError when `url` is not a Redis URL.
 */
export async function openRedisCache(options: { url: string; prefix: string; log: Log }): Promise<Cache> {
  const { prefix, log } = options
  const connection = createConnection(options.url)
  const client = connection.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  const closed = new AbortController()
  /** Prefixes that were cleared but may still have entries in Redis; what lies below them is not read. */
  const clearing = new Map<string, Clearing>()
  let overdue = 0
  let reason: string | undefined = 'not connected yet'
  let warned = false
  let warnedAt = Number.NEGATIVE_INFINITY

  connection.on('error', degrade)
  connection.on('ready', recover)
  const answered = new Promise<void>(resolve => {
    connection.once('ready', resolve)
    connection.once('error', () => resolve())
  })
  // Rejects only when `close` ends the attempts: the reconnect strategy never gives up.
  connection.connect().catch(() => {})
  await within(answered, 1000)

  function degrade(error: unknown): void {
    reason = describe(error)
    if (performance.now() - warnedAt < warnEveryMs) return
    warned = true
    warnedAt = performance.now()
    log.warn('cache-degrade', { kind: 'redis', reason })
  }

  function recover(): void {
    reason = undefined
    if (warned) log.info('cache-recover', { kind: 'redis' })
    warned = false
  }

  /**
   * The reply, or undefined when it does not come in time. While one reply is overdue nothing more is sent: callers
   * would each wait 250 ms, and every write would restart the socket timeout that ends a frozen connection.
   */
  async function ask<T>(command: () => Promise<T>): Promise<T | undefined> {
    if (!connection.isReady || overdue > 0) return undefined
    const reply = settle(command)
    const inTime = await within(reply, deadlineMs)
    if (inTime) return inTime.value
    degrade(new Error(`no answer within ${deadlineMs} ms`))
    overdue += 1
    void reply.then(() => {
      overdue -= 1
    })
    return undefined
  }

  async function settle<T>(command: () => Promise<T>): Promise<{ value: T | undefined }> {
    try {
      const value = await command()
      if (reason !== undefined) recover()
      return { value }
    } catch (error) {
      if (!closed.signal.aborted) degrade(error)
      return { value: undefined }
    }
  }

  async function sweep(below: string, state: Clearing): Promise<void> {
    while (state.wanted && !closed.signal.aborted) {
      state.wanted = false
      if (await deleteBelow(below)) continue
      state.wanted = true
      await sleep(clearRetryMs, undefined, { ref: false, signal: closed.signal }).catch(() => {})
    }
    clearing.delete(below)
  }

  function startClearing(below: string): Clearing {
    const state: Clearing = { wanted: true, swept: Promise.resolve() }
    clearing.set(below, state)
    state.swept = sweep(below, state)
    return state
  }

  /** True when every key below the prefix is gone, false when Redis stopped answering before. */
  async function deleteBelow(below: string): Promise<boolean> {
    const match = `${(prefix + below).replace(/[\\*?[\]]/g, '\\$&')}*`
    let cursor = '0'
    do {
      const page = await ask(() => connection.scan(cursor, { MATCH: match, COUNT: 1000 }))
      if (!page) return false
      if (page.keys.length > 0 && (await ask(() => connection.unlink(page.keys))) === undefined) return false
      cursor = page.cursor
    } while (cursor !== '0')
    return true
  }

  return {
    async get(key) {
      for (const below of clearing.keys()) if (key.startsWith(below)) return undefined
      return (await ask(() => client.get(prefix + key))) ?? undefined
    },
    async set(key, value, ttlSeconds) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      const expiration = { type: 'PX', value: Math.ceil(ttlSeconds * 1000) } as const
      if (ttlSeconds > 0) await ask(() => connection.set(prefix + key, bytes, { expiration }))
      else await ask(() => connection.unlink(prefix + key))
    },
    async clear(below) {
      const running = clearing.get(below)
      if (running) running.wanted = true
      const state = running ?? startClearing(below)
      await within(state.swept, deadlineMs)
    },
    size: () => 0,
    health: () => (reason === undefined ? { kind: 'redis', ok: true } : { kind: 'redis', ok: false, reason }),
    async close() {
      closed.abort()
      // Not `close`, which waits for replies that a frozen Redis never gives. A cache has nothing to lose.
      connection.destroy()
    },
  }
}
