import { createEventReader, type ServerEvent } from './server-events.ts'
import type { Call, Send } from './transport.ts'

/**
 * One connection that tells events, read as fast as the caller reads, and closed when the caller stops.
 * @throws what `Send` throws, also while events are read
 */
export async function openEvents(
  send: Send,
  call: Pick<Call, 'path' | 'query' | 'headers'>,
  signal: AbortSignal | undefined,
): Promise<{ status: number; events: AsyncGenerator<ServerEvent, void> }> {
  const headers = { ...call.headers, accept: 'text/event-stream' }
  const { status, stream } = await send(
    { ...call, method: 'GET', headers, receive: 'stream', maxRetries: 0 },
    { signal },
  )
  return { status, events: readEvents(stream?.getReader()) }
}

async function* readEvents(
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
): AsyncGenerator<ServerEvent, void> {
  let told: ServerEvent[] = []
  const take = createEventReader(event => told.push(event))
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      take(part.value)
      const ready = told
      told = []
      yield* ready
    }
  } finally {
    await reader?.cancel().catch(() => {})
  }
}
