import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { createWindows, secondsLeft, type Window } from '../../kit/windows.ts'
import type { Counters } from '../../ports/counters.ts'
import { createConnection, describe, within } from './connection.ts'

const exchangeEveryMs = 200
/** An exchange without news tells the others that this replica is there. */
const presenceEveryMs = 2000
const presenceSeconds = 10
const deadlineMs = 250
const warnEveryMs = 60_000
/** Redis serves nobody else during one call: 100 keys took it 0.6 ms, 500 3 ms (Redis 7.0, busy machine, 2026-11). */
const keysPerCall = 100
/** Clocks of replicas may differ: what is still told about a window that has ended here is kept so much longer. */
const keepSeconds = 60
/** About 30 MB for each length of window. */
const maxKeys = 100_000

/** What is known of one key in one window. Both counts only ever grow. */
type Tally = {
  readonly key: string
  /** Which field of the key in Redis is ours: one that was forgotten and came back must not lower its old one. */
  readonly field: string
  own: number
  /** How much of `own` the others can know. */
  told: number
  others: number
}

type Counted = { tallies: Map<string, Tally>; changed: Set<Tally> }

/**
 * Counts in this process, exchanged with the other replicas through Redis every 200 ms. Redis may be away, frozen or
 * empty at any time, also now: no call waits for it.
 *
 * Redis holds one hash for each key and window, with one field for each replica: its own count, whole. So telling it
 * twice changes nothing (after a broken connection nobody knows what arrived), and a Redis that came back empty is full
 * again as soon as the replicas count on. While it is away, what this replica counts beyond what it has told stands for
 * as much on every other replica that was known last.
 *
 * `prefix` keeps our keys apart from what else lives in that Redis. Replicas need clocks that agree to about a second.
 * @throws TypeError when `url` is not a Redis URL.
 */
export async function openRedisCounters(options: {
  url: string
  prefix: string
  log: Log
  clock?: Clock
}): Promise<Counters> {
  const { prefix, log, clock = systemClock } = options
  const connection = createConnection(options.url)
  const replica = randomUUID()
  const windows = createWindows<Counted>({
    clock,
    create: () => ({ tallies: new Map(), changed: new Set() }),
  })
  let tallies = 0
  let replicas = 1
  let shared = false
  let exchanging = false
  let closed = false
  let exchangedAt = Number.NEGATIVE_INFINITY
  let warned = false
  let warnedAt = Number.NEGATIVE_INFINITY

  connection.on('error', degrade)
  const answered = new Promise<void>(resolve => {
    connection.once('ready', resolve)
    connection.once('error', () => resolve())
  })
  // Rejects only when `close` ends the attempts: the reconnect strategy never gives up.
  connection.connect().catch(() => {})
  await within(answered, 1000)
  await within(exchange(), deadlineMs)
  const timer = setInterval(() => void exchange(), exchangeEveryMs)
  timer.unref()

  function degrade(error: unknown): void {
    if (closed) return
    shared = false
    if (performance.now() - warnedAt < warnEveryMs) return
    warned = true
    warnedAt = performance.now()
    log.warn('limits-degrade', { kind: 'redis', reason: describe(error) })
  }

  function recover(): void {
    shared = true
    if (warned) log.info('limits-recover', { kind: 'redis' })
    warned = false
  }

  /** Never rejects. One at a time: behind a frozen Redis nothing piles up. */
  async function exchange(): Promise<void> {
    if (exchanging || !connection.isReady) return
    const news = windows.current().filter(({ counted }) => counted.changed.size > 0)
    if (news.length === 0 && performance.now() - exchangedAt < presenceEveryMs) return
    exchanging = true
    const late = setTimeout(degrade, deadlineMs, new Error(`no answer within ${deadlineMs} ms`))
    try {
      if (news.length === 0) await tell([])
      for (const window of news) {
        const changed = [...window.counted.changed]
        for (let from = 0; from < changed.length; from += keysPerCall) {
          late.refresh()
          await tell(changed.slice(from, from + keysPerCall), window)
        }
      }
      exchangedAt = performance.now()
      recover()
    } catch (error) {
      degrade(error)
    } finally {
      clearTimeout(late)
      exchanging = false
    }
  }

  /** What is counted while the reply is on its way is told the next time. */
  async function tell(news: readonly Tally[], window?: Window<Counted>): Promise<void> {
    const sent = news.map(tally => tally.own)
    const [known, ...others] = numbers(
      await connection.eval(exchangeScript, {
        keys: [
          `${prefix}replicas`,
          ...news.map(({ key }) => `${prefix}${window?.seconds}:${window?.index}:${key}`),
        ],
        arguments: [
          replica,
          String(presenceSeconds),
          String(window ? secondsLeft(window, clock.now()) + keepSeconds : 0),
          ...news.flatMap(({ field }, index) => [field, String(sent[index])]),
        ],
      }),
    )
    replicas = Math.max(1, known ?? 1)
    for (const [index, tally] of news.entries()) {
      tally.told = sent[index] ?? tally.told
      tally.others = Math.max(tally.others, others[index] ?? 0)
      if (tally.own === tally.told) window?.counted.changed.delete(tally)
    }
  }

  function total({ own, told, others }: Tally): number {
    return own + others + (shared ? 0 : (own - told) * (replicas - 1))
  }

  function begin(key: string, { tallies: kept, changed }: Counted): Tally {
    if (kept.size >= maxKeys)
      for (const [first, forgotten] of kept) {
        kept.delete(first)
        changed.delete(forgotten)
        break
      }
    const tally = { key, field: `${replica}.${tallies}`, own: 0, told: 0, others: 0 }
    tallies += 1
    kept.set(key, tally)
    return tally
  }

  return {
    add(key, windowSeconds, amount = 1) {
      const nowMs = clock.now()
      const window = windows.at(windowSeconds, nowMs)
      const tally = window.counted.tallies.get(key) ?? begin(key, window.counted)
      tally.own += amount
      window.counted.changed.add(tally)
      return { count: total(tally), resetSeconds: secondsLeft(window, nowMs) }
    },
    peek(key, windowSeconds) {
      const nowMs = clock.now()
      const window = windows.at(windowSeconds, nowMs)
      const tally = window.counted.tallies.get(key)
      return { count: tally ? total(tally) : 0, resetSeconds: secondsLeft(window, nowMs) }
    },
    async close() {
      closed = true
      clearInterval(timer)
      // Not `close`, which waits for replies that a frozen Redis never gives. At most 200 ms of counts are lost.
      connection.destroy()
    },
  }
}

/** By the clock of Redis: a replica is there while it was heard of in the last seconds. */
const exchangeScript = `
local now = tonumber(redis.call('time')[1])
redis.call('zadd', KEYS[1], now, ARGV[1])
redis.call('zremrangebyscore', KEYS[1], '-inf', now - ARGV[2])
redis.call('expire', KEYS[1], ARGV[2])
local reply = { redis.call('zcard', KEYS[1]) }
for i = 2, #KEYS do
  local own = ARGV[2 * i + 1]
  redis.call('hset', KEYS[i], ARGV[2 * i], own)
  redis.call('expire', KEYS[i], ARGV[3])
  local others = -own
  for _, count in ipairs(redis.call('hvals', KEYS[i])) do others = others + count end
  reply[i] = others
end
return reply
`

function numbers(reply: unknown): number[] {
  if (!Array.isArray(reply)) throw new Error(`Redis answered ${typeof reply} instead of counts`)
  return reply.map(Number)
}
