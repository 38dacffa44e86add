import { runEvent } from '../contract/run.ts'
import { openEvents } from './open-events.ts'
import { path } from './path.ts'
import { backoffMs, mayPass, wait } from './retry.ts'
import type { FollowedEvent } from './run-state.ts'
import type { Send } from './transport.ts'

/**
 * The events of a run behind number `after`, each once and in order, until its last; over as many connections as it
 * takes. Read as fast as the caller reads.
 * @throws Problem for a run that is not there or whose events are gone; the signal's reason. What may pass is waited for.
 */
export async function* followRun(
  send: Send,
  id: string,
  { after = 0, signal }: { after?: number; signal?: AbortSignal | undefined },
): AsyncGenerator<FollowedEvent, void> {
  let last = after
  for (let failures = 0; ; failures += 1) {
    try {
      for await (const followed of connection(send, id, last, signal)) {
        if (followed === 'over') return
        failures = 0
        last = followed.seq
        if (followed.event === undefined) continue
        yield { seq: followed.seq, event: followed.event }
        if (isLast(followed.event.type)) return
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (!mayPass(error)) throw error
    }
    await wait(backoffMs(failures, Math.random), signal)
  }
}

/** `over`: there is nothing behind that number. An event of a kind that this version does not know is undefined. */
type Told = { seq: number; event: FollowedEvent['event'] | undefined } | 'over'

async function* connection(
  send: Send,
  id: string,
  after: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Told, void> {
  const { status, events } = await openEvents(
    send,
    { path: path`/api/v1/runs/${id}/events`, headers: { 'last-event-id': String(after) } },
    signal,
  )
  if (status === 204) yield 'over'
  let last = after
  for await (const { id: seq, data } of events) {
    if (Number(seq) <= last) continue
    last = Number(seq)
    const event = runEvent.safeParse(JSON.parse(data))
    yield { seq: last, event: event.success ? event.data : undefined }
  }
}

function isLast(type: string): boolean {
  return type === 'run-end' || type === 'run-error' || type === 'run-cancel'
}
