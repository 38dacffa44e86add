import assert from 'node:assert/strict'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { after, type TestContext, test } from 'node:test'
import { StorageClient } from '@supabase/storage-js'
import { httpServer } from '../src/testing/http-server.ts'
import { startS3 } from '../src/testing/s3-server.ts'
import { openStorage, send } from './storage-requests.ts'

// Clients reach the storage by an address of its own; what it is asked there is written down.
const s3 = await startS3({ after })
const large = Buffer.alloc(64 * 1024 + 1, 'a large object ')
const largest = 64 * 1024
let buckets = 0

async function open(t: TestContext) {
  const bucket = `presigned-${++buckets}`
  await s3.bucket(bucket)
  const door = await openDoor(t)
  const storage = await openStorage(t, {
    FILES_URL: s3.url(bucket),
    S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    S3_PUBLIC_ENDPOINT: door.url,
  })
  const { house, user, authorization } = storage
  const get = (path: string, headers: Record<string, string> = { authorization }, method = 'GET') =>
    send(house, method, `/storage/v1/object/${path}`, { headers })
  const client = new StorageClient(`${house.url}/storage/v1`, { Authorization: authorization })
  return { ...storage, door, get, client, mine: (name: string) => `docs/${user.id}/${name}` }
}

/** Passes requests on to the storage under the host name they came with, which is signed. */
async function openDoor(t: TestContext): Promise<{ url: string; asked: IncomingHttpHeaders[] }> {
  const asked: IncomingHttpHeaders[] = []
  const { url } = await httpServer(t, (request, response) => {
    asked.push(request.headers)
    const { method, url: path, headers } = request
    const onward = httpRequest({ port: s3.port, host: '127.0.0.1', method, path, headers, agent: false })
    onward.on('response', reply => {
      response.writeHead(reply.statusCode ?? 0, reply.headers)
      reply.pipe(response)
    })
    onward.on('error', error => response.destroy(error))
    request.pipe(onward)
  })
  return { url, asked }
}

test('@supabase/storage-js downloads a large object from the storage itself, which never sees the key', async t => {
  const { client, user, door, put } = await open(t)
  await put('large', large)
  const docs = client.from('docs')
  const { data, error } = await docs.download(`${user.id}/large`)
  assert.equal(error, null)
  assert.ok(Buffer.from(await data.arrayBuffer()).equals(large))
  assert.equal(data.type, 'text/plain')
  const { data: signed } = await docs.createSignedUrl(`${user.id}/large`, 3600, { download: 'a b.txt' })
  const linked = await fetch(signed?.signedUrl ?? '')
  assert.ok(Buffer.from(await linked.arrayBuffer()).equals(large))
  assert.equal(
    linked.headers.get('content-disposition'),
    `attachment; filename="a b.txt"; filename*=UTF-8''a%20b.txt`,
  )
  assert.equal(door.asked.length, 2)
  for (const headers of door.asked)
    assert.deepEqual([headers.authorization, headers.cookie], [undefined, undefined])
})

test('the way to the storage is for this reader and a minute; what is small, known or forbidden is answered here', async t => {
  const { house, user, get, put, mine, door, authorization } = await open(t)
  await put('large', large)
  await put('small', large.subarray(0, largest))
  const reply = await get(mine('large'))
  assert.deepEqual([reply.status, reply.text], [302, ''])
  assert.equal(reply.headers['cache-control'], 'private, no-store')
  for (const name of ['etag', 'last-modified', 'content-type', 'content-disposition'])
    assert.equal(reply.headers[name], undefined, name)
  const url = new URL(String(reply.headers.location))
  assert.equal(url.origin, door.url)
  assert.equal(url.searchParams.get('X-Amz-Expires'), '60')
  assert.equal(url.searchParams.get('response-cache-control'), 'private, no-cache')
  assert.doesNotMatch(url.href, new RegExp(user.id))
  const part = await fetch(`${house.url}/storage/v1/object/${mine('large')}`, {
    headers: { authorization, range: 'bytes=65530-' },
  })
  assert.deepEqual(
    [part.status, part.headers.get('content-range'), await part.text()],
    [206, 'bytes 65530-65536/65537', String(large.subarray(65_530))],
  )

  assert.equal((await get(mine('small'))).status, 200)
  const head = await get(mine('large'), { authorization }, 'HEAD')
  assert.deepEqual([head.status, head.headers['content-length']], [200, String(large.byteLength)])
  const etag = String(head.headers.etag)
  assert.equal((await get(mine('large'), { authorization, 'if-none-match': etag })).status, 304)
  assert.equal((await get(mine('large'), { authorization, range: 'bytes=65537-' })).status, 416)
  const other = await house.user({ scopes: ['files'] })
  assert.equal((await get(mine('large'), { authorization: `Bearer ${other.key}` })).code, 'NoSuchKey')
  const nobody = await get(mine('large'), {})
  assert.deepEqual([nobody.status, nobody.headers.location], [400, undefined])
  assert.equal(door.asked.length, 1)
})

test('who would carry a secret or a condition of ours to the storage gets the bytes here', async t => {
  const { user, get, put, mine, authorization } = await open(t)
  await put('large', large)
  const { headers } = await get(mine('large'), { authorization }, 'HEAD')
  const modified = String(headers['last-modified'])
  const range = 'bytes=65530-'
  for (const [given, status] of [
    [{ 'x-api-key': user.key }, 200],
    [{ authorization, apikey: user.key }, 200],
    [{ authorization, 'if-match': String(headers.etag) }, 200],
    [{ authorization, 'if-unmodified-since': modified }, 200],
    [{ authorization, 'if-modified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' }, 200],
    [{ authorization, range, 'if-range': String(headers.etag) }, 206],
    [{ authorization, range, 'if-range': modified }, 206],
    [{ authorization, range, 'if-range': '"of the storage"' }, 302],
    [{ authorization, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' }, 200],
    [{ authorization, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' }, 302],
    [{ authorization, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', cookie: 'a=b' }, 200],
    [{ authorization, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }, 302],
  ] as [Record<string, string>, number][]) {
    const reply = await get(mine('large'), given)
    assert.equal(reply.status, status, JSON.stringify(given))
    if (status === 200) assert.equal(reply.text, String(large))
    if (status === 206) assert.equal(reply.text, String(large.subarray(65_530)))
  }
})

test('what might run is a download from the storage too, of public buckets and by signed links', async t => {
  const { house, user, client, get, put } = await open(t)
  for (const [type, served, disposition] of [
    ['text/html', 'text/plain', 'attachment'],
    ['TEXT/HTML; charset=utf-8', 'text/plain', 'attachment'],
    ['image/svg+xml', 'image/svg+xml', 'attachment'],
    ['image/x+xml', 'image/x+xml', 'attachment'],
    ['application/xhtml+xml', 'application/xhtml+xml', 'attachment'],
    ['text/xml', 'text/xml', 'attachment'],
    ['application/pdf', 'application/pdf', 'attachment'],
    ['application/x-unknown', 'application/x-unknown', 'attachment'],
    ['image/png; a=b, text/html', 'image/png', null],
    ['image/png', 'image/png', null],
  ] as const) {
    for (const bucket of ['docs', 'agent-logos']) {
      const path = `${user.id}/page`
      await client.from(bucket).remove([path])
      assert.equal((await put('page', large, type, bucket)).status, 200, type)
      const { data } = await client.from(bucket).createSignedUrl(path, 30)
      const signed = String(data?.signedUrl).replace(`${house.url}/storage/v1/object/`, '')
      const open = bucket === 'docs' ? [] : [`public/agent-logos/${path}`]
      for (const at of [`${bucket}/${path}`, signed, ...open]) {
        const reply = await get(at)
        assert.equal(reply.status, 302, at)
        const location = new URL(String(reply.headers.location))
        const seconds = Number(location.searchParams.get('X-Amz-Expires'))
        assert.ok(at === signed ? seconds >= 20 && seconds <= 30 : seconds === 60, `${at} for ${seconds} s`)
        const { headers, status, body } = await fetch(location)
        await body?.cancel()
        assert.equal(status, 200)
        assert.equal(headers.get('content-type'), served, type)
        assert.equal(headers.get('content-disposition'), disposition, type)
      }
    }
  }
})
