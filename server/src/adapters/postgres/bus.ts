import pg from 'pg'
import { backoffMs } from '../../kit/backoff.ts'
import { createListeners } from '../../kit/listeners.ts'
import type { Log } from '../../kit/log.ts'
import type { Bus } from '../../ports/bus.ts'
import { type ConnectionOptions, destroyClient, readConnection } from './connection.ts'
import { translate, unavailable } from './database-errors.ts'

export type PostgresBusOptions = ConnectionOptions & { log: Log }

/**
 * One channel for all topics: a LISTEN per topic would need a round trip at every first subscription, and the topics
 * of one product are few. A payload is a number, a blank, the topic, a line end and the message.
 */
const channel = 'roundhouse'
const messageLimitBytes = 7000
const firstRetryMs = 50
const maxRetryMs = 2000
/** A server that is frozen, or a network that swallows packets, closes nothing: only a question finds out. */
const heartbeatMs = 5000
const answerLimitMs = 2000

/**
 * Opens the bus over NOTIFY with one connection of its own, which needs a session: not through a pooler in
 * transaction mode. Resolves when it listens; later it reconnects by itself.
 * @throws Problem `database-unavailable` when the first connection fails.
 */
export async function openPostgresBus(options: PostgresBusOptions): Promise<Bus> {
  const { log } = options
  const config: pg.ClientConfig = {
    ...readConnection(options, log),
    connectionTimeoutMillis: answerLimitMs,
    query_timeout: answerLimitMs,
  }
  const listeners = createListeners(log)
  let client: pg.Client | undefined
  let closed = false
  let published = 0
  let retry: NodeJS.Timeout | undefined

  async function connect(): Promise<void> {
    const fresh = new pg.Client(config)
    fresh.on('error', () => {})
    fresh.on('notification', ({ payload = '' }) => {
      const end = payload.indexOf('\n')
      listeners.deliver(payload.slice(payload.indexOf(' ') + 1, end), payload.slice(end + 1))
    })
    try {
      await fresh.connect()
      await fresh.query(`listen ${channel}`)
    } catch (error) {
      destroyClient(fresh)
      throw error
    }
    if (closed) {
      destroyClient(fresh)
      return
    }
    fresh.once('end', () => lose(fresh, 'the connection ended'))
    client = fresh
  }

  function lose(lost: pg.Client, reason: string): void {
    if (client !== lost) return
    client = undefined
    destroyClient(lost)
    if (closed) return
    log.warn('bus-lost', { reason })
    reconnect(1)
  }

  function reconnect(attempt: number): void {
    retry = setTimeout(
      () =>
        void connect().then(
          () => {
            if (closed) return
            log.info('bus-back', { attempt })
            listeners.gap()
          },
          () => {
            if (!closed) reconnect(attempt + 1)
          },
        ),
      backoffMs(attempt, firstRetryMs, maxRetryMs),
    )
    retry.unref()
  }

  async function ask(sql: string, values: unknown[]): Promise<void> {
    const asked = client
    if (!asked) throw unavailable('The database does not answer. Try again in a second.')
    try {
      await asked.query(sql, values)
    } catch (error) {
      if (!(error instanceof pg.DatabaseError))
        lose(asked, error instanceof Error ? error.message : String(error))
      throw translate(error)
    }
  }

  const queue = createQueue(payloads =>
    ask('select pg_notify($1, payload) from unnest($2::text[]) as payload', [channel, payloads]),
  )

  await connect().catch(error => {
    const problem = translate(error)
    throw problem === error
      ? unavailable('The database refuses connections. The log of the server says why.', error)
      : problem
  })
  const heartbeat = setInterval(() => {
    if (client) void queue.add([]).catch(() => {})
  }, heartbeatMs)
  heartbeat.unref()

  return {
    async publish(topic, message) {
      if (Buffer.byteLength(message) > messageLimitBytes) {
        throw new Error(`The message on ${topic} is longer than ${messageLimitBytes} bytes.`)
      }
      // Numbered, because Postgres delivers equal payloads of one transaction once.
      published += 1
      await queue.add([`${published} ${topic}\n${message}`])
    },
    subscribe: listeners.subscribe,
    onGap: listeners.onGap,
    async close() {
      closed = true
      clearTimeout(retry)
      clearInterval(heartbeat)
      listeners.clear()
      await queue.add([]).catch(() => {})
      const last = client
      client = undefined
      if (last) destroyClient(last)
    },
  }
}

/**
 * Sends in order, one statement at a time; what comes while one is under way goes with the next. NOTIFY takes a lock
 * that all databases of a cluster share, so fewer statements serve everyone.
 */
function createQueue(send: (payloads: string[]) => Promise<void>): {
  add(payloads: string[]): Promise<void>
} {
  let waiting: string[] = []
  let next: Promise<void> | undefined
  let current: Promise<void> = Promise.resolve()

  return {
    add(payloads) {
      waiting.push(...payloads)
      next ??= current
        .catch(() => {})
        .then(() => {
          const batch = waiting
          waiting = []
          next = undefined
          current = send(batch)
          return current
        })
      return next
    },
  }
}
