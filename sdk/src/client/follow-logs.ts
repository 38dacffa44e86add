import { type LogLine, logLine } from '../contract/log.ts'
import { openEvents } from './open-events.ts'
import { backoffMs, mayPass, wait } from './retry.ts'
import type { Send } from './transport.ts'

export type FollowLogsOptions = {
  q?: string | undefined
  request_id?: string | undefined
  /** Id of the last line that is known; absent: what comes from now on. */
  after?: number | undefined
  signal?: AbortSignal | undefined
  /** Told when lines come as they are stored, and when the connection was lost and is tried again. */
  onState?: ((state: 'live' | 'reconnecting') => void) | undefined
}

/**
 * Lines behind `after`, each once and in the order of their ids; over as many connections as it takes.
 * @throws Problem for a query that cannot be read or who may not; the signal's reason. What may pass is waited for.
 */
export async function* followLogs(
  send: Send,
  { after, signal, onState, ...filter }: FollowLogsOptions,
): AsyncGenerator<LogLine, void> {
  let last = after
  for (let failures = 0; ; failures += 1) {
    let isLive = false
    try {
      for await (const { id, line } of connection(send, filter, last, signal)) {
        if (!isLive) onState?.('live')
        isLive = true
        failures = 0
        last = id
        if (line) yield line
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (!mayPass(error)) throw error
    }
    onState?.('reconnecting')
    await wait(backoffMs(failures, Math.random), signal)
  }
}

/** A line of a kind that this version does not know has only its id. */
type Told = { id: number; line: LogLine | undefined }

async function* connection(
  send: Send,
  filter: { q?: string | undefined; request_id?: string | undefined },
  after: number | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Told, void> {
  const call = { path: '/api/v1/logs/events', query: { ...filter, after } }
  const { events } = await openEvents(send, call, signal)
  for await (const { event, id, data } of events) {
    const line = event === 'line' ? logLine.safeParse(JSON.parse(data)) : undefined
    if (event === 'line' || event === 'position')
      yield { id: Number(id), line: line?.success ? line.data : undefined }
  }
}
