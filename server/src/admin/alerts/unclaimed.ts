import type { Clock } from '../../kit/clock.ts'
import type { Ids } from '../../kit/ids.ts'
import type { Log } from '../../kit/log.ts'
import type { AlertChannel } from '../../ports/alert-channel.ts'
import type { Deliveries } from './deliveries.ts'
import type { Finding } from './store.ts'

/**
 * While the database is away no replica can claim an alert, and that is when most goes wrong: each then tells what it
 * sees itself, from memory, once an hour.
 */
export type Unclaimed = {
  /** Waits for no receiver. What a channel did not take is tried again at the next call. */
  tell(finding: Finding): void
  /** Who was told within the hour, under which id: the alert takes it over once it can be claimed. */
  told(key: string): { id: string; channels: ReadonlySet<string> } | undefined
  forget(key: string): void
}

const hourMs = 3_600_000

export function createUnclaimed(dependencies: {
  channels: readonly AlertChannel[]
  deliveries: Deliveries
  clock: Clock
  ids: Ids
  log: Log
}): Unclaimed {
  const { channels, deliveries, clock, ids, log } = dependencies
  const known = new Map<string, { id: string; atMs: number; channels: Set<string> }>()

  function current(key: string) {
    const entry = known.get(key)
    return entry && clock.now() - entry.atMs < hourMs ? entry : undefined
  }

  async function send(channel: AlertChannel, finding: Finding, id: string): Promise<boolean> {
    const { key: _key, ...content } = finding
    const at = new Date(clock.now()).toISOString()
    const message = { ...content, messageId: ids.uuid(), id, status: 'open', at } as const
    const { ok, detail } = await deliveries.deliver(channel, message)
    log.warn('alert-unclaimed', { channel: channel.name, type: finding.type, detail })
    return ok
  }

  return {
    tell(finding) {
      const { key } = finding
      const entry = current(key) ?? { id: ids.uuid(), atMs: clock.now(), channels: new Set<string>() }
      known.set(key, entry)
      for (const channel of channels) {
        if (entry.channels.has(channel.name)) continue
        entry.channels.add(channel.name)
        send(channel, finding, entry.id).then(
          ok => ok || entry.channels.delete(channel.name),
          error => log.error('alert-unclaimed-fail', { err: error }),
        )
      }
    },
    told: current,
    forget: key => void known.delete(key),
  }
}
