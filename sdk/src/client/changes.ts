import { z } from 'zod'
import { type Change, change } from '../contract/change.ts'
import { openEvents } from './open-events.ts'
import { backoffMs, mayPass, wait } from './retry.ts'
import type { ServerEvent } from './server-events.ts'
import type { CallOptions, Send } from './transport.ts'

/** `hello`: something may have been missed, so all that is shown is to be asked for anew. */
export type ChangeEvent = { event: 'hello'; at: string } | ({ event: 'change' } & Change)

export type FollowChangesOptions = Pick<CallOptions, 'signal'> & {
  /** Told each time there is no connection any more, or none could be made. */
  onLost?: () => void
}

/** What changes of what the caller may see; for administrators of everything. */
export type ChangesClient = {
  /**
   * `hello` first and after each new connection, then each change, a few a second at most. Comes back by itself, as often
   * as it takes; ends by the signal's reason alone.
   * @throws Problem `unauthenticated`, `forbidden`; the signal's reason.
   */
  follow(options?: FollowChangesOptions): AsyncGenerator<ChangeEvent, void>
}

export function createChangesClient(send: Send): ChangesClient {
  return { follow: (options = {}) => followChanges(send, options) }
}

async function* followChanges(
  send: Send,
  { signal, onLost }: FollowChangesOptions,
): AsyncGenerator<ChangeEvent, void> {
  for (let failures = 0; ; failures += 1) {
    try {
      for await (const event of connection(send, signal)) {
        failures = 0
        yield event
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (!mayPass(error)) throw error
    }
    onLost?.()
    await wait(backoffMs(failures, Math.random), signal)
  }
}

/** What a later version of the server tells, and this one does not know, is passed over. */
async function* connection(send: Send, signal: AbortSignal | undefined): AsyncGenerator<ChangeEvent, void> {
  const { events } = await openEvents(send, { path: '/api/v1/changes' }, signal)
  for await (const event of events) {
    const known = readEvent(event)
    if (known) yield known
  }
}

const hello = z.object({ at: z.string() })

function readEvent({ event, data }: ServerEvent): ChangeEvent | undefined {
  if (event === 'hello') return { event, ...hello.parse(JSON.parse(data)) }
  if (event !== 'change') return undefined
  const known = change.safeParse(JSON.parse(data))
  return known.success ? { event, ...known.data } : undefined
}
