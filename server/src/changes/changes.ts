import type { ChangeKind } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import { pause } from '../kit/pause.ts'
import type { Bus } from '../ports/bus.ts'
import type { Database } from '../ports/database.ts'
import { createLook } from './look.ts'
import { readMessage, type Told } from './message.ts'
import { changesTopic, createOutbox } from './outbox.ts'
import { createReaders, type Reader } from './readers.ts'
import { createChangeStore } from './store.ts'

/** `hello` is first, and again whenever something may have been missed. */
export type Heard =
  | { readonly event: 'hello'; readonly at: string }
  | { readonly event: 'change'; readonly kind: ChangeKind; readonly id: string | null; readonly at: string }

/** What has changed, for pages that show it. Told at most once, about a second late at most; the truth is elsewhere. */
export type Changes = {
  /** Costs nothing worth counting: what is told at about the same time goes in one message, each thing once. */
  tell(told: Told): void
  /**
   * What changes from now on of what the caller may see, a few times a second at most. Ends by the signal, when the
   * caller's credential ends or their rights change, and within the hour: who comes back proves anew who they are.
   * @throws Problem `rate-limited`.
   */
  follow(caller: Caller, signal: AbortSignal): AsyncGenerator<Heard, void>
  close(): void
}

/** A topic of a room, and what its message says has changed. */
export type ChangeTopic = { readonly topic: string; read(message: string): Told[] }

const betweenMs = 1000
const longestMs = 3_600_000

export function createChanges<Tables>(dependencies: {
  database: Pick<Database<Tables>, 'system'>
  bus: Bus
  clock: Clock
  log: Log
  topics: readonly ChangeTopic[]
  /** Its message is the id of a user, key or session whose rights changed. */
  identitiesTopic: string
}): Changes {
  const { database, bus, clock, log, topics, identitiesTopic } = dependencies
  const outbox = createOutbox(dependencies)
  const readers = createReaders()
  const look = createLook({ store: createChangeStore(database.system), readers, clock, log })

  function hear(told: readonly Told[]): void {
    if (!readers.areAny()) return
    for (const { kind, id, userId } of told) {
      readers.tell(kind, id, userId ?? (kind === 'user' ? id : null))
      look.ask(kind, id, userId)
    }
  }

  const stops = [
    bus.subscribe(changesTopic, message => hear(readMessage(message))),
    ...topics.map(({ topic, read }) => bus.subscribe(topic, message => hear(read(message)))),
    bus.subscribe(identitiesTopic, readers.end),
    bus.onGap(readers.loseAll),
  ]

  async function* tellReader(reader: Reader, signal: AbortSignal): AsyncGenerator<Heard, void> {
    const at = () => new Date(clock.now()).toISOString()
    yield { event: 'hello', at: at() }
    for (;;) {
      await reader.wait()
      if (signal.aborted || reader.isOver) return
      const taken = reader.pending.take()
      if (reader.isLost) {
        reader.isLost = false
        yield { event: 'hello', at: at() }
      } else for (const change of taken) yield { event: 'change', ...change, at: at() }
      await pause(betweenMs, clock, signal).catch(() => {})
    }
  }

  return {
    tell: outbox.add,

    async *follow(caller, signal) {
      const reader = readers.join(caller)
      const over = () => {
        reader.isOver = true
        reader.wake()
      }
      const leftMs = caller.expiresAt === null ? longestMs : caller.expiresAt - clock.now()
      const cancel = clock.after(Math.max(0, Math.min(longestMs, leftMs)), over)
      signal.addEventListener('abort', over, { once: true })
      try {
        yield* tellReader(reader, signal)
      } finally {
        cancel()
        signal.removeEventListener('abort', over)
        readers.leave(reader)
      }
    },

    close() {
      for (const stop of stops) stop()
      outbox.close()
      look.close()
      readers.endAll()
    },
  }
}
