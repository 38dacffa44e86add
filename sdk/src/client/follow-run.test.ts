import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from './client.ts'
import { collectRun } from './run-state.ts'

const id = '0190f0f0-0000-7000-8000-000000000000'
const frame = (seq: number, event: object) => `id: ${seq}\ndata: ${JSON.stringify(event)}\n\n`
const text = (value: string) => ({ type: 'text-delta', step: 1, text: value })
const end = {
  type: 'run-end',
  output: 'abc',
  stopped: 'answered',
  usage: { input_tokens: 0, output_tokens: 0, estimated: false },
  credits: 0,
}

type Answer = {
  status?: number
  frames?: readonly string[]
  isCut?: boolean
  body?: object
  headers?: Record<string, string>
}

/** A server that answers one request after the other, and the numbers that it was asked behind. */
function serverOf(...answers: readonly Answer[]) {
  const asked: (string | null)[] = []
  const client = createClient({
    baseUrl: 'http://server.test',
    async fetch(_url, init) {
      const answer = answers[asked.length]
      asked.push(new Headers(init?.headers).get('last-event-id'))
      if (!answer) throw new TypeError('fetch failed')
      const { status = 200, frames = [], isCut = false, body, headers = {} } = answer
      if (status === 204) return new Response(null, { status })
      if (body) return Response.json(body, { status, headers })
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const part of frames) controller.enqueue(new TextEncoder().encode(part))
          if (!isCut) controller.close()
        },
        pull(controller) {
          if (isCut) controller.error(new TypeError('terminated'))
        },
      })
      return new Response(stream, { status, headers: { 'content-type': 'text/event-stream', ...headers } })
    },
  })
  return { client, asked }
}

test('a lost connection loses nothing: the next one goes on behind the last event', async () => {
  const { client, asked } = serverOf(
    { frames: [frame(1, text('a')), ': still here\n\n', frame(2, text('b')).slice(0, 20)], isCut: true },
    { status: 503, body: { error: 'x', code: 'database-unavailable', detail: 'Soon.', request_id: 'r' } },
    { frames: [frame(2, text('b')), frame(3, text('c'))] },
    { frames: [frame(4, end)] },
  )
  const state = await collectRun(client.runs.follow(id))
  assert.deepEqual([state.status, state.text, state.lastEvent], ['done', 'abc', 4])
  assert.deepEqual(asked, ['0', '1', '1', '3'])
})

test('a server that stops says so, and whoever follows goes on at the next by itself', async () => {
  const shutdown = 'event: shutdown\nretry: 1000\ndata: {}\n\n'
  const { client, asked } = serverOf(
    { frames: [frame(1, text('a')), frame(2, text('bc')), shutdown] },
    { frames: [shutdown] },
    { frames: [frame(3, end)] },
  )
  const state = await collectRun(client.runs.follow(id))
  assert.deepEqual([state.status, state.text, state.lastEvent], ['done', 'abc', 3])
  assert.deepEqual(asked, ['0', '2', '2'])
})

test('an event that is sent again is given once, and one of a kind that is not known yet is passed over', async () => {
  const { client } = serverOf({
    frames: [frame(1, text('a')), frame(1, text('a')), frame(2, { type: 'of-tomorrow' }), frame(3, end)],
  })
  const seen: number[] = []
  for await (const { seq } of client.runs.follow(id)) seen.push(seq)
  assert.deepEqual(seen, [1, 3])
})

test('behind the last event there is nothing to follow', async () => {
  const { client, asked } = serverOf({ status: 204 })
  assert.equal((await collectRun(client.runs.follow(id, { after: 4 }))).status, 'unknown')
  assert.deepEqual(asked, ['4'])
})

test('what waiting does not mend is thrown, and a signal ends the waiting', async () => {
  const gone = { error: 'Gone', code: 'run-events-gone', detail: 'They were removed.', request_id: 'r' }
  await assert.rejects(collectRun(serverOf({ status: 410, body: gone }).client.runs.follow(id)), {
    code: 'run-events-gone',
  })
  const stop = new AbortController()
  const following = collectRun(serverOf().client.runs.follow(id, { signal: stop.signal }))
  stop.abort(new Error('enough'))
  await assert.rejects(following, /enough/)
})
