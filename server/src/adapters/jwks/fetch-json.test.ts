import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { httpServer } from '../../testing/http-server.ts'
import { until } from '../../testing/until.ts'
import { fetchJson } from './fetch-json.ts'

const { signal } = new AbortController()

test('reads a JSON document and leaves no connection behind', async t => {
  const { url, connections } = await serve(t, (_, response) => response.end('{"keys":[1]}'))
  assert.deepEqual(await fetchJson(url, signal), { keys: [1] })
  await until(async () => (await connections()) === 0, 'the connection is closed')
})

test('follows no redirect', async t => {
  const paths: unknown[] = []
  const { url } = await serve(t, (request, response) => {
    paths.push(request.url)
    response.writeHead(request.url === '/' ? 302 : 200, { location: '/elsewhere' }).end('{}')
  })
  await assert.rejects(fetchJson(url, signal), TypeError)
  assert.deepEqual(paths, ['/'])
})

test('refuses an error, even with a document', async t => {
  const { url } = await serve(t, (_, response) => response.writeHead(404).end('{"keys":[]}'))
  await assert.rejects(fetchJson(url, signal), /answered 404, expected 200/)
})

test('refuses what is not JSON', async t => {
  const { url } = await serve(t, (_, response) => response.end('<html>'))
  await assert.rejects(fetchJson(url, signal), SyntaxError)
})

test('reads 1 MiB and not a byte more, however it is sent', async t => {
  const ofSize = (bytes: number) => Buffer.from(JSON.stringify('x'.repeat(bytes - 2)))
  const largest = 1024 * 1024
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/gzip')
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(ofSize(largest + 1)))
    else response.end(ofSize(request.url === '/' ? largest : largest + 1))
  })
  assert.equal(String(await fetchJson(url, signal)).length, largest - 2)
  for (const path of ['more', 'gzip'])
    await assert.rejects(fetchJson(`${url}${path}`, signal), /more than 1048576 bytes/)
})

test('stops an answer without an end, and one that is not wanted any more', async t => {
  const { url, connections } = await serve(t, (request, response) => {
    response.write('{"keys":[')
    if (request.url === '/') response.on('drain', () => response.write(' '.repeat(65_536)))
    response.write(' '.repeat(65_536))
  })
  await assert.rejects(fetchJson(url, signal), /more than 1048576 bytes/)
  const controller = new AbortController()
  const waiting = fetchJson(`${url}stalls`, controller.signal)
  await until(async () => (await connections()) === 1, 'it is being read')
  controller.abort(new Error('too late'))
  await assert.rejects(waiting, /too late/)
  await until(async () => (await connections()) === 0, 'the connection is closed')
})

async function serve(
  t: TestContext,
  listener: RequestListener,
): Promise<{ url: string; connections: () => Promise<number> }> {
  const { url, server } = await httpServer(t, listener)
  const connections = () =>
    new Promise<number>((resolve, reject) =>
      server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
  return { url: `${url}/`, connections }
}
