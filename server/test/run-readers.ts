import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { lastEvents, type SeenEvent } from '../src/testing/run-events.ts'

/**
 * Reads the events of a run until its last, as an EventSource does: after a lost connection it comes back with the last
 * number it has seen, here at the next server that answers.
 * @param urls Asked at each try: servers come and go.
 * @param seen What was read before, and all that comes, as it comes.
 */
export async function readRun(options: {
  urls: () => readonly string[]
  token: string
  runId: string
  limitMs: number
  seen?: SeenEvent[]
}): Promise<SeenEvent[]> {
  const { urls, token, runId, limitMs, seen = [] } = options
  const deadline = AbortSignal.timeout(limitMs)
  for (let tries = 0; ; tries += 1) {
    const all = urls()
    const url = all[tries % all.length]
    try {
      const headers = { authorization: `Bearer ${token}`, 'last-event-id': String(seen.at(-1)?.seq ?? 0) }
      const answer = await fetch(`${url}/api/v1/runs/${runId}/events`, { headers, signal: deadline })
      if (answer.status === 204) return seen
      if (answer.status === 200 && answer.body) await take(answer.body, seen)
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      deadline.throwIfAborted()
    }
    if (lastEvents.has(seen.at(-1)?.event.type ?? '')) return seen
    await delay(100, undefined, { signal: deadline })
  }
}

/** Adds the events of a body as they come. */
export async function take(body: AsyncIterable<Uint8Array>, seen: SeenEvent[]): Promise<void> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const bytes of body) {
    const frames = (rest + decoder.decode(bytes, { stream: true })).split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) {
      const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(frame) ?? []
      if (id === undefined || data === undefined)
        assert.match(
          frame,
          /^:|^event: shutdown\n/,
          'else it is a comment, or the word of a server that stops',
        )
      else seen.push({ seq: Number(id), event: JSON.parse(data) })
    }
  }
}
