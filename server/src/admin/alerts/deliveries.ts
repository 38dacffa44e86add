import { backoffMs } from '../../kit/backoff.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { AlertChannel, AlertMessage, AlertOutcome } from '../../ports/alert-channel.ts'
import type { AlertStore } from './store.ts'

/** Five attempts of 15 s at most, and the waits between them: 83 s. */
const attempts = 5
const firstWaitMs = 500
const longestWaitMs = 4000
/** After a process died over a message, another one takes it. */
const leaseMs = 120_000
/** A receiver that asks for more is asked again after this. */
const longestPauseMs = 3_600_000
/** Nobody wants to hear of it later. */
const givenUpMs = 86_400_000

export type Deliveries = {
  /** Sends what is on its way through the channel, unless it is doing so already. What fails waits for the next call. */
  pump(channel: AlertChannel): void
  /** A few attempts with waits between them, within a minute and a half. Never rejects. */
  deliver(channel: AlertChannel, message: AlertMessage): Promise<AlertOutcome>
  /** Cuts off what is being sent; it stays on its way. */
  close(): Promise<void>
}

export function createDeliveries(dependencies: { store: AlertStore; clock: Clock; log: Log }): Deliveries {
  const { store, clock, log } = dependencies
  const closing = new AbortController()
  const { signal } = closing
  const pumping = new Map<string, Promise<void>>()
  /** Asked for while they were pumping: what came meanwhile may have been overlooked. */
  const again = new Set<string>()

  async function deliver(channel: AlertChannel, message: AlertMessage): Promise<AlertOutcome> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await channel.send(message, signal)
      if (outcome.ok || outcome.lasting || attempt === attempts || signal.aborted) return outcome
      const waitMs = backoffMs(attempt, firstWaitMs, longestWaitMs) * (0.5 + Math.random() / 2)
      if ((outcome.retryAfterMs ?? 0) > longestWaitMs) return outcome
      await wait(Math.max(waitMs, outcome.retryAfterMs ?? 0))
      if (signal.aborted) return outcome
    }
  }

  function wait(ms: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = clock.after(ms, end)
      signal.addEventListener('abort', end, { once: true })
      function end(): void {
        cancel()
        signal.removeEventListener('abort', end)
        resolve()
      }
    })
  }

  async function sendWhileAsked(channel: AlertChannel): Promise<void> {
    while (again.delete(channel.name)) await sendAll(channel)
  }

  async function sendAll(channel: AlertChannel): Promise<void> {
    while (!signal.aborted) {
      const nowMs = clock.now()
      const delivery = await store.take({
        channel: channel.name,
        now: new Date(nowMs),
        madeAfter: new Date(nowMs - givenUpMs),
        leaseUntil: new Date(nowMs + leaseMs),
      })
      if (!delivery) return
      const outcome = await deliver(channel, { ...delivery.message, messageId: delivery.id })
      const endMs = clock.now()
      if (outcome.ok) {
        await store.delivered(delivery.id, new Date(endMs))
        log.info('alert-deliver', {
          channel: channel.name,
          message: delivery.id,
          type: delivery.message.type,
        })
        continue
      }
      const pauseMs = signal.aborted ? 0 : Math.min(outcome.retryAfterMs ?? 0, longestPauseMs)
      await store.undelivered(delivery.id, { error: outcome.detail, next: new Date(endMs + pauseMs) })
      log.warn('alert-deliver-fail', { channel: channel.name, message: delivery.id, detail: outcome.detail })
      // The others would most likely fail too; each later look begins with another one.
      return
    }
  }

  return {
    deliver,
    pump(channel) {
      if (signal.aborted) return
      again.add(channel.name)
      if (pumping.has(channel.name)) return
      const work = sendWhileAsked(channel)
        .catch(error => log.warn('alert-pump-fail', { channel: channel.name, err: error }))
        .finally(() => pumping.delete(channel.name))
      pumping.set(channel.name, work)
    },
    async close() {
      closing.abort()
      await Promise.all(pumping.values())
    },
  }
}
