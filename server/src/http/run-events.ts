import { isProblem } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Caller } from '../accounts/caller.ts'
import type { NumberedEvent } from '../runs/run.ts'
import { openDataStream } from './data-stream.ts'
import { shutdown } from './event-stream.ts'
import { createReaderPlaces } from './reader-places.ts'
import { createReaderSignals } from './reader-signal.ts'

/** None of them asks the database while nothing happens; each keeps about 20 KB. */
const mostPerCaller = 2000

type Groups = AsyncIterable<readonly NumberedEvent[]>

type Followed = {
  readonly follow: (signal: AbortSignal) => Groups
  /** All there is to come is stored: what is wrong with it is told before the answer begins. */
  readonly isEnded: boolean
}

/**
 * @param open Called when there is a place for this reader: a run that is begun for them does not begin without.
 * @throws Problem `rate-limited`, and what `open` throws.
 */
export type SendRunEvents = (
  caller: Pick<Caller, 'limitKey'>,
  reply: FastifyReply,
  open: () => Followed | Promise<Followed>,
) => Promise<void>

/**
 * Answers with the events of a run, each with its number as id, until it has ended, the client goes, or this process
 * stops, which is the event `shutdown`, without a number: who comes back goes on behind the last one they saw. While a
 * client takes nothing no more is asked for, and the run does not wait for it.
 */
export function createRunEvents(app: FastifyInstance): SendRunEvents {
  const readerSignal = createReaderSignals(app)
  const enter = createReaderPlaces(mostPerCaller)

  return async (caller, reply, open) => {
    const leave = enter(caller)
    try {
      const { follow, isEnded } = await open()
      const signal = readerSignal(reply)
      const groups = follow(signal)
      await send(isEnded ? await begun(groups) : groups, reply, signal)
    } finally {
      leave()
    }
  }
}

async function send(groups: Groups, reply: FastifyReply, signal: AbortSignal): Promise<void> {
  const stream = openDataStream(reply)
  // The run may say nothing for long, while it waits for a person: who follows is to know at once that they do. What is
  // here already takes the head with it.
  const head = setImmediate(() => reply.raw.flushHeaders())
  try {
    for await (const group of groups) {
      clearImmediate(head)
      let frames = ''
      for (const { seq, data } of group) frames += `id: ${seq}\ndata: ${data}\n\n`
      const waiting = stream.write(frames)
      if (waiting) await waiting
    }
    if (isProblem(signal.reason) && signal.reason.code === 'shutting-down') void stream.write(shutdown)
    clearImmediate(head)
    stream.end()
  } catch {
    clearImmediate(head)
    // Nothing can be said any more but that it broke off; the client comes back.
    reply.raw.destroy()
  }
}

/** The same, once the first of them is there. */
async function begun(groups: Groups): Promise<Groups> {
  const iterator = groups[Symbol.asyncIterator]()
  const first = await iterator.next()
  return (async function* () {
    if (first.done) return
    yield first.value
    yield* { [Symbol.asyncIterator]: () => iterator }
  })()
}
