import { Readable } from 'node:stream'
import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Caller } from '../accounts/caller.ts'

/** Proxies and load balancers cut connections that are silent for a minute, many for half of it. */
const heartbeatMs = 15_000
/** A client that takes nothing for so long is cut off; when it comes back it is told how things stand then. */
const stuckMs = 60_000

export type ServerEvent = { event: string; id: string; data: unknown }

/** The last of a server that stops: another one, or the next, has the rest. */
export const shutdown = 'event: shutdown\nretry: 1000\ndata: {}\n\n'

/** Each asks the database once a second. */
const mostPerCaller = 100

/**
 * Answers with server-sent events until they end, the client goes, or the server stops, which is the event `shutdown`.
 * No more than one event waits for a client: the next is asked for when the one before has been taken.
 * @param open Gives the events, and ends when the signal aborts. What it throws before the first is answered as any
 * other problem.
 * @throws Problem `rate-limited`.
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export type SendEvents = (
  caller: Caller,
  reply: FastifyReply,
  open: (signal: AbortSignal) => AsyncIterable<ServerEvent>,
) => Promise<FastifyReply>

export function createEventStreams(app: FastifyInstance): SendEvents {
  const open = new Map<AbortController, string>()
  let isStopping = false
  app.addHook('preClose', done => {
    isStopping = true
    for (const stream of open.keys()) stream.abort()
    done()
  })

  return async (caller, reply, start) => {
    let count = 0
    for (const key of open.values()) count += Number(key === caller.limitKey)
    if (count >= mostPerCaller)
      throw new Problem('rate-limited', `No more than ${mostPerCaller} streams of events at a time.`, {
        retryAfterSeconds: 1,
      })
    const stream = new AbortController()
    open.set(stream, caller.limitKey)
    if (isStopping) stream.abort()
    const events = start(stream.signal)[Symbol.asyncIterator]()
    const close = () => {
      open.delete(stream)
      stream.abort()
      // One that rests at an event does not hear the signal.
      events.return?.().catch(() => {})
    }
    if (reply.raw.destroyed) close()
    else reply.raw.once('close', close)
    const first = await events.next()
    const told = withShutdown(withHeartbeat(first, events, heartbeatMs), () => isStopping)
    reply.isStream = true
    const lines = cuttingOff(told, () => reply.raw.destroy())
    return reply
      .type('text/event-stream; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(Readable.from(lines, { objectMode: false, highWaterMark: 1 }))
  }
}

/** The text of the events, with a comment wherever none has come for so long. */
export async function* withHeartbeat(
  first: IteratorResult<ServerEvent, unknown>,
  events: AsyncIterator<ServerEvent>,
  everyMs: number,
): AsyncGenerator<string, void> {
  let next: Promise<IteratorResult<ServerEvent, unknown>> = Promise.resolve(first)
  for (;;) {
    const result = await within(next, everyMs)
    if (result === undefined) yield ': still here\n\n'
    else if (result.done) return
    else {
      yield toText(result.value)
      next = events.next()
      // It may fail while the client takes a heartbeat, when nobody looks at it.
      next.catch(() => {})
    }
  }
}

async function* withShutdown(
  lines: AsyncIterable<string>,
  isStopping: () => boolean,
): AsyncGenerator<string, void> {
  yield* lines
  if (isStopping()) yield shutdown
}

/** Undefined when it has not come by then. */
async function within<Value>(coming: Promise<Value>, limitMs: number): Promise<Value | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(resolve, limitMs, undefined)
  try {
    return await Promise.race([coming, promise])
  } finally {
    clearTimeout(timer)
  }
}

async function* cuttingOff(lines: AsyncIterable<string>, cut: () => void): AsyncGenerator<string, void> {
  for await (const text of lines) {
    const timer = setTimeout(cut, stuckMs)
    try {
      yield text
    } finally {
      clearTimeout(timer)
    }
  }
}

/** JSON has no line breaks. */
function toText({ event, id, data }: ServerEvent): string {
  return `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`
}
