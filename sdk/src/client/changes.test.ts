import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from '../testing/serve.ts'
import type { ChangeEvent } from './changes.ts'
import { createClient } from './client.ts'

const at = '2026-11-22T08:00:00.000Z'
const frame = (event: string, data: object) =>
  `event: ${event}\nid: \ndata: ${JSON.stringify({ ...data, at })}\n\n`
const change = (kind: string, id: string | null) => frame('change', { kind, id })

test('tells what has changed, and comes back by itself when the connection ends', async t => {
  const streams = [
    [frame('hello', {}), ': still here\n\n', change('model', 'a'), change('of-a-later-version', 'x')],
    [frame('hello', {}), change('run', null)],
  ]
  let asked = 0
  const baseUrl = await serve(t, (_request, response) => {
    const frames = streams[asked]
    asked += 1
    if (!frames) return response.writeHead(401).end()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const part of frames) response.write(part)
    response.end('event: shutdown\nretry: 1000\ndata: {}\n\n')
  })
  const heard: ChangeEvent[] = []
  const follow = async () => {
    for await (const event of createClient({ baseUrl }).changes.follow()) heard.push(event)
  }
  await assert.rejects(follow(), { code: 'unauthenticated' })
  assert.deepEqual(heard, [
    { event: 'hello', at },
    { event: 'change', kind: 'model', id: 'a', at },
    { event: 'hello', at },
    { event: 'change', kind: 'run', id: null, at },
  ])
})
