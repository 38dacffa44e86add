import type { Log } from '../../kit/log.ts'
import type { Bus } from '../../ports/bus.ts'
import type { NumberedEvent } from '../run.ts'
import { createReaders, type Reader } from './readers.ts'
import { type EventStore, isFullPage, type Part } from './store.ts'
import type { Writer } from './writer.ts'

export type Follow = {
  /** The events of a run behind a number; ends with its last, by the signal, when the reader is too slow, or with the run's row. */
  follow(runId: string, after: number, signal: AbortSignal): AsyncGenerator<readonly NumberedEvent[], void>
  /** Told of what was committed here: gives it to the readers here, and says so where others are. */
  written(parts: readonly Part[]): void
  start(): void
  /** Who follows here, now or later, is to come back elsewhere. */
  end(): void
  hasEnded(): boolean
  stop(): void
}

const eventsTopic = 'run-events'
const watchTopic = 'run-watch'
/** The bus tells at most once. */
const lookMs = 1000
/** A process that follows a run of another says so at each look; so long it is believed. */
const watchedMs = 5000
const pageSize = 256
/** A message of the bus is at most 7,000 bytes. */
const idsPerMessage = 150

/**
 * Readers of runs, wherever these are written. What this process writes comes from memory; of the runs of others it is
 * told by the bus, and looks once a second for all of them together. A message for each commit would cost a commit
 * itself, so that only those runs are told of that somebody elsewhere has asked for.
 */
export function createFollow(dependencies: {
  store: Pick<EventStore, 'page' | 'lastSeqs'>
  writer: () => Pick<Writer, 'recent' | 'has'>
  bus: Bus
  log: Log
}): Follow {
  const { store, writer, bus, log } = dependencies
  const readers = createReaders()
  const watchedUntil = new Map<string, number>()
  /** Numbers up to which the look has told of each run. */
  let seen = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let isLooking = false
  let hasEnded = false
  const stops: (() => void)[] = []

  function publish(topic: string, ids: readonly string[]): void {
    for (let at = 0; at < ids.length; at += idsPerMessage)
      bus
        .publish(topic, ids.slice(at, at + idsPerMessage).join(' '))
        .catch(error => log.debug('run-publish-fail', { topic, err: error }))
  }

  function tell(message: string): void {
    for (const id of message.split(' ')) if (!writer().has(id)) readers.tell(id)
  }

  function noteWatched(message: string): void {
    const until = performance.now() + watchedMs
    const asked = message.split(' ')
    for (const id of asked) watchedUntil.set(id, until)
    // What came between their look at the table and this is not to wait for the next.
    publish(
      eventsTopic,
      asked.filter(id => writer().has(id)),
    )
  }

  async function look(): Promise<void> {
    const now = performance.now()
    for (const [id, until] of watchedUntil) if (until < now) watchedUntil.delete(id)
    const remote = [...readers.followed()].filter(id => !writer().has(id))
    if (remote.length === 0) return
    publish(watchTopic, remote)
    const before = seen
    seen = new Map((await store.lastSeqs(remote)).map(({ id, seq }) => [id, seq]))
    for (const id of remote) {
      const seq = seen.get(id)
      if (seq === undefined) readers.end(id)
      else if (seq !== before.get(id)) readers.tell(id)
    }
  }

  async function* read(
    reader: Reader,
    runId: string,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly NumberedEvent[], void> {
    let sent = after
    let group = writer().recent(runId, after)
    // Nothing but what is here can have been missed: the reader has joined before.
    if (group) reader.mustRead(sent)
    for (;;) {
      if (signal.aborted || reader.isOver()) return
      if (!group || group.length === 0) group = reader.take(sent)
      if (!group && reader.mustRead(sent)) {
        group = await store.page(runId, sent, pageSize)
        if (isFullPage(group, pageSize)) reader.readOn()
      }
      const last = group?.at(-1)
      if (group && last) {
        sent = last.seq
        yield group
        group = undefined
        if (isLast(last)) return
        continue
      }
      group = undefined
      reader.caughtUp()
      if (!signal.aborted && !reader.isOver()) await reader.wait()
    }
  }

  return {
    async *follow(runId, after, signal) {
      const reader = readers.join(runId)
      signal.addEventListener('abort', reader.wake)
      if (!writer().has(runId)) publish(watchTopic, [runId])
      try {
        yield* read(reader, runId, after, signal)
      } finally {
        signal.removeEventListener('abort', reader.wake)
        reader.leave()
      }
    },

    written(parts) {
      readers.deliver(parts)
      if (watchedUntil.size === 0) return
      publish(
        eventsTopic,
        parts.flatMap(({ runId }) => (watchedUntil.has(runId) ? [runId] : [])),
      )
    },

    start() {
      stops.push(
        bus.subscribe(eventsTopic, tell),
        bus.subscribe(watchTopic, noteWatched),
        bus.onGap(() => {
          for (const id of readers.followed()) if (!writer().has(id)) readers.tell(id)
        }),
      )
      timer = setInterval(() => {
        if (isLooking) return
        isLooking = true
        look()
          .catch(error => log.debug('run-look-fail', { err: error }))
          .finally(() => (isLooking = false))
      }, lookMs)
      timer.unref()
    },

    end() {
      hasEnded = true
      readers.endAll()
    },

    hasEnded: () => hasEnded,

    stop() {
      clearInterval(timer)
      for (const stop of stops.splice(0)) stop()
    },
  }
}

/** Text that `JSON.stringify` made of an event whose `type` comes first. */
function isLast({ data }: NumberedEvent): boolean {
  return /^\{"type":"run-(?:end|error|cancel)"/.test(data)
}
