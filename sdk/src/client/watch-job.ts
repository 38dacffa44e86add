import { type Job, job } from '../contract/job.ts'
import { ConnectionError, UnexpectedReply } from './errors.ts'
import { path } from './path.ts'
import { backoffMs, mayPass, wait } from './retry.ts'
import { createEventReader, type ServerEvent } from './server-events.ts'
import type { Send } from './transport.ts'

/** Connections in a row that told nothing; with the waits between them about a minute. */
const mostFailures = 10

/**
 * The job as it is now, then after changes, until it has ended; over as many connections as it takes.
 * @throws Problem, ConnectionError and UnexpectedReply when there is no getting through; the signal's reason.
 */
export async function* watchJob(
  send: Send,
  id: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Job, void> {
  let lastId = ''
  let shown = ''
  for (let failures = 0; ; failures++) {
    const stream = openStream(send, id, lastId, signal)
    try {
      for (let event = await stream.next(); event; event = await stream.next()) {
        failures = 0
        lastId = event.id
        const change = readJob(event)
        // After a new connection it is told again.
        if (event.data !== shown) yield change
        shown = event.data
        if (change.finished_at !== null) return
      }
      // Something in between ends it in order, time after time.
      if (failures >= mostFailures) throw new ConnectionError('unreachable', endsUntold(id))
    } catch (error) {
      signal?.throwIfAborted()
      if (!mayPass(error) || failures >= mostFailures) throw error
    } finally {
      stream.close()
    }
    await wait(backoffMs(failures, Math.random), signal)
  }
}

/** One connection. Of events that are not taken in time the newest is kept. */
function openStream(send: Send, id: string, lastId: string, signal: AbortSignal | undefined) {
  const stop = new AbortController()
  const abort = () => stop.abort(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  let newest: ServerEvent | undefined
  let wake = () => {}
  let isOver = false
  const take = createEventReader(event => {
    // `shutdown` says why the connection ends; what matters is that it does.
    if (event.event !== 'job') return
    newest = event
    wake()
  })
  const call = {
    method: 'GET',
    path: path`/api/v1/jobs/${id}/events`,
    headers: { accept: 'text/event-stream', ...(lastId && { 'last-event-id': lastId }) },
    receive: 'stream',
    maxRetries: 0,
  } as const
  const reply = send(call, { signal: stop.signal }).then(async ({ stream }) => {
    const reader = stream?.getReader()
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) take(part.value)
  })
  const over = () => {
    isOver = true
    wake()
  }
  reply.then(over, over)

  return {
    /** Undefined at the end of the connection. @throws What ended it otherwise. */
    async next(): Promise<ServerEvent | undefined> {
      while (!newest && !isOver) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
      const event = newest
      newest = undefined
      if (!event) await reply
      return event
    },
    close(): void {
      signal?.removeEventListener('abort', abort)
      stop.abort()
    },
  }
}

function readJob({ data }: ServerEvent): Job {
  try {
    return job.parse(JSON.parse(data))
  } catch (cause) {
    const sentence = 'An event of a job is not of the documented form. Is baseUrl a Roundhouse server?'
    throw new UnexpectedReply(sentence, { status: 200, requestId: undefined, cause })
  }
}

function endsUntold(id: string): string {
  return `The events of job ${id} end before they tell anything. Does something between here and the server hold them back?`
}
