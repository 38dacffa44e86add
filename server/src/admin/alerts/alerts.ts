import { type Alert, type AlertTest, isProblem } from '@roundhouse/sdk/contract'
import { type Actor, act } from '../../accounts/actor.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Ids } from '../../kit/ids.ts'
import type { Log } from '../../kit/log.ts'
import type { AlertChannel, AlertMessage } from '../../ports/alert-channel.ts'
import type { Database } from '../../ports/database.ts'
import { createDeliveries } from './deliveries.ts'
import { type AlertTables, createAlertStore, type Finding } from './store.ts'
import { createUnclaimed } from './unclaimed.ts'
import type { Watch } from './watches.ts'

/** Tells the operator what is wrong, once an hour whatever the number of replicas, and when it is over. */
export type Alerts = {
  /**
   * Every minute: what is wrong is noted and told, what nobody sees any more is over. Waits for no receiver.
   * @throws Problem `database-unavailable`; then each replica tells what it sees itself.
   */
  look(): Promise<void>
  /** Newest first, open and past. */
  list(caller: Actor, page: { beforeId?: string | undefined; limit: number }): Promise<Alert[]>
  /** One attempt through each channel. One audit entry. Ends within 15 s. */
  test(actor: Actor): Promise<AlertTest['data']>
  /** Cuts off what is being sent; it is sent at a later look, by whoever comes first. */
  close(): Promise<void>
}

const hourMs = 3_600_000
/** Three looks, so that one late look of one replica ends nothing. */
const overAfterMs = 180_000
const keptMs = 90 * 24 * hourMs

export function createAlerts(dependencies: {
  channels: readonly AlertChannel[]
  watches: readonly Watch[]
  /** Name of this machine, for people. */
  host: string
  /** Told of each that opens or is over. */
  changed: (id: string) => void
  database: Database<AlertTables>
  clock: Clock
  ids: Ids
  log: Log
}): Alerts {
  const { channels, watches, host, changed, database, clock, ids, log } = dependencies
  const store = createAlertStore(database.system)
  const deliveries = createDeliveries({ store, clock, log })
  const names = channels.map(channel => channel.name)
  const unclaimed = createUnclaimed({ channels, deliveries, clock, ids, log })
  const closing = new AbortController()
  let looking: Promise<void> | undefined

  /** What could be looked at, and what was found. A watch that fails says neither that all is well nor that it is not. */
  async function findings(): Promise<{ types: string[]; found: Finding[] }> {
    const types: string[] = []
    const found: Finding[] = []
    for (const watch of watches) {
      try {
        found.push(...(await watch.look()))
        types.push(watch.type)
      } catch (error) {
        log.warn('alert-watch-fail', { type: watch.type, err: error })
      }
    }
    return { types, found }
  }

  async function note(finding: Finding, nowMs: number): Promise<void> {
    const now = new Date(nowMs)
    const told = unclaimed.told(finding.key)
    const id = await store.claim(finding, {
      id: told?.id ?? ids.uuid(),
      channels: names.filter(name => !told?.channels.has(name)),
      now,
      tellAgainBefore: new Date(nowMs - hourMs),
    })
    unclaimed.forget(finding.key)
    if (id === null) await store.see(finding.key, now)
    else {
      changed(id)
      log.error('alert-open', { alert: id, type: finding.type, detail: finding.summary })
    }
  }

  async function record(types: readonly string[], found: readonly Finding[]): Promise<void> {
    const nowMs = clock.now()
    await store.retire({ toldBefore: new Date(nowMs - hourMs), endedBefore: new Date(nowMs - keptMs) })
    for (const finding of found) await note(finding, nowMs)
    const over = await store.resolve({
      types,
      notSeenSince: new Date(nowMs - overAfterMs),
      channels: names,
      now: new Date(nowMs),
    })
    for (const { id, key } of over) {
      changed(id)
      log.info('alert-resolve', { alert: id, key })
    }
  }

  async function look(): Promise<void> {
    const { types, found } = await findings()
    try {
      await record(types, found)
    } catch (error) {
      if (isProblem(error) && error.code === 'database-unavailable')
        for (const finding of found) unclaimed.tell(finding)
      throw error
    }
    for (const channel of channels) deliveries.pump(channel)
  }

  return {
    look() {
      looking ??= look().finally(() => {
        looking = undefined
      })
      return looking
    },

    list: (caller, page) => act(database, caller, db => createAlertStore(db).list(page)),

    async test(actor) {
      await act(database, actor, (_db, audit) => audit('alert-test', 'alerts', { channels: names }))
      const message: AlertMessage = {
        messageId: ids.uuid(),
        id: ids.uuid(),
        type: 'test',
        status: 'test',
        severity: 'info',
        summary: 'This is a test: alerts of this server arrive here.',
        details: { host },
        at: new Date(clock.now()).toISOString(),
      }
      return Promise.all(
        channels.map(async channel => {
          const { ok, detail } = await channel.send(message, closing.signal)
          return { channel: channel.name, ok, detail }
        }),
      )
    },

    async close() {
      closing.abort()
      await looking?.catch(() => {})
      await deliveries.close()
    },
  }
}
