import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { serve } from '../testing/serve.ts'
import { createClient } from './client.ts'
import { ConnectionError } from './errors.ts'
import { wait } from './retry.ts'

const timedOut = (error: unknown) => error instanceof ConnectionError && error.reason === 'timeout'
const files = (baseUrl: string) => createClient({ baseUrl, timeoutMs: 1000, maxRetries: 0 }).files.from('b')

/** Six parts, 100 ms apart: together twice the time of a try. */
async function drip(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/plain' })
  for (let part = 0; part < 6; part++) {
    response.write(String(part))
    await wait(250, undefined)
  }
  response.end()
}

test('a download may take longer than the time of a try as long as something comes', async t => {
  const bucket = files(await serve(t, (_request, response) => void drip(response)))
  const received: number[] = []
  const blob = await bucket.download('a', { onProgress: ({ receivedBytes }) => received.push(receivedBytes) })
  assert.deepEqual([blob.type, await blob.text(), received.at(-1)], ['text/plain', '012345', 6])
  assert.equal(await (await bucket.download('a')).text(), '012345')
  assert.equal(await new Response(await bucket.downloadStream('a')).text(), '012345')
})

test('a download that stands still is given up, as a whole and as a stream', async t => {
  const bucket = files(
    await serve(
      t,
      (_request, response) => void response.writeHead(200, { 'content-length': 9 }).write('half'),
    ),
  )
  await assert.rejects(bucket.download('a'), timedOut)
  await assert.rejects(new Response(await bucket.downloadStream('a')).text(), timedOut)
})

test('a stream waits for a slow reader, and stops the server when it is given up', async t => {
  let response: ServerResponse | undefined
  const bucket = files(
    await serve(t, (_request, sent) => {
      response = sent.writeHead(200)
      sent.write('first')
    }),
  )
  const reader = (await bucket.downloadStream('a')).getReader()
  const text = async () => new TextDecoder().decode((await reader.read()).value)
  assert.equal(await text(), 'first')
  // Twice the time of a try: the reader is busy, not the server.
  await wait(2000, undefined)
  response?.write('second')
  assert.equal(await text(), 'second')
  assert.ok(response)
  const closed = once(response, 'close')
  await reader.cancel()
  await closed
})

test('a stream says when its connection broke, why it was stopped, and what was refused', async t => {
  const baseUrl = await serve(t, (request, response) => {
    if (request.url?.endsWith('none')) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-length': 9 }).write('half')
    if (request.url?.endsWith('broken')) response.write('', () => response.destroy())
  })
  const bucket = files(baseUrl)
  await assert.rejects(new Response(await bucket.downloadStream('broken')).text(), { reason: 'unreachable' })
  await assert.rejects(bucket.downloadStream('none'), { code: 'not-found' })
  const stop = new AbortController()
  const stream = await bucket.downloadStream('a', { signal: stop.signal })
  stop.abort(new Error('enough'))
  await assert.rejects(new Response(stream).text(), /enough/)
})
