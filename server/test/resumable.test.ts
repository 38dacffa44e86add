import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { type ClientRequest, request as httpRequest } from 'node:http'
import { after, test } from 'node:test'
import { StorageClient } from '@supabase/storage-js'
import { sql } from 'kysely'
import { Upload, type UploadOptions } from 'tus-js-client'
import { type TestUser, testHouse, testKey } from '../src/testing/house.ts'
import { until } from '../src/testing/until.ts'

const house = await testHouse({ after })
const [ann, bob] = [await house.user(), await house.user()]
const endpoint = `${house.url}/storage/v1/upload/resumable`
const chunkBytes = 65_536
const bytes = Buffer.alloc(5 * chunkBytes + 11, 'resumable')
const storage = (user: { key: string }) =>
  new StorageClient(`${house.url}/storage/v1`, { authorization: `Bearer ${user.key}` })
const service = storage({ key: testKey })
await service.createBucket('films', { public: false, fileSizeLimit: 10 * chunkBytes })
const nameOf = (user: TestUser, name: string) => `${user.id}/${name}`

/** As Supabase's documentation writes it. */
function options(user: { key: string }, name: string, more: Partial<UploadOptions> = {}): UploadOptions {
  return {
    endpoint,
    retryDelays: [0, 100, 200],
    headers: { authorization: `Bearer ${user.key}`, 'x-upsert': 'false' },
    uploadDataDuringCreation: true,
    removeFingerprintOnSuccess: true,
    metadata: {
      bucketName: 'films',
      objectName: name,
      contentType: 'video/mp4',
      cacheControl: '3600',
      metadata: JSON.stringify({ take: 7 }),
    },
    chunkSize: chunkBytes,
    ...more,
  }
}

function run(file: Buffer, given: UploadOptions): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const upload: Upload = new Upload(file, { ...given, onSuccess: () => resolve(upload), onError: reject })
    upload.start()
  })
}

async function stored(user: TestUser, name: string): Promise<Buffer | undefined> {
  const { data } = await storage(user).from('films').download(name)
  return data ? Buffer.from(await data.arrayBuffer()) : undefined
}

/** An upload by plain requests; `id` is the last segment of its address. */
async function begin(
  user: TestUser,
  name: string,
  totalBytes: number,
): Promise<{ address: string; id: string }> {
  const response = await tus(user, '/storage/v1/upload/resumable', 'POST', {
    'upload-length': String(totalBytes),
    'upload-metadata': `bucketName ${base64('films')},objectName ${base64(name)}`,
  })
  assert.equal(response.status, 201, await response.text())
  const address = response.headers.get('location') ?? ''
  return { address, id: address.split('/').at(-1) ?? '' }
}

/** Begins an upload of nothing, which is complete at once. */
function create(metadata: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  const pairs = Object.entries({ bucketName: 'films', ...metadata })
  return tus(ann, '/storage/v1/upload/resumable', 'POST', {
    'upload-length': '0',
    'upload-metadata': pairs.map(([key, value]) => `${key} ${base64(value)}`).join(','),
    ...headers,
  })
}

function tus(
  user: TestUser,
  address: string,
  method: string,
  headers: Record<string, string> = {},
  body?: Buffer<ArrayBuffer>,
): Promise<Response> {
  const content = body === undefined ? {} : { 'content-type': 'application/offset+octet-stream' }
  return user.fetch(address, {
    method,
    headers: { 'tus-resumable': '1.0.0', ...content, ...headers },
    body: body ?? null,
  })
}

const append = (user: TestUser, address: string, offset: number, body: Buffer<ArrayBuffer>) =>
  tus(user, address, 'PATCH', { 'upload-offset': String(offset) }, body)

async function offsetOf(user: TestUser, address: string): Promise<number> {
  return Number((await tus(user, address, 'HEAD')).headers.get('upload-offset'))
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

test('tus-js-client uploads in chunks, with or without data at the beginning', async () => {
  for (const uploadDataDuringCreation of [true, false]) {
    const name = nameOf(ann, `chunks-${uploadDataDuringCreation}.mp4`)
    const progress: number[] = []
    await run(
      bytes,
      options(ann, name, {
        uploadDataDuringCreation,
        onChunkComplete: (_size, accepted) => progress.push(accepted),
      }),
    )
    assert.deepEqual(progress, [1, 2, 3, 4, 5].map(n => n * chunkBytes).concat(bytes.length))
    assert.ok((await stored(ann, name))?.equals(bytes))
    const { data } = await storage(ann).from('films').info(name)
    assert.equal(data?.contentType, 'video/mp4')
    assert.equal(data?.cacheControl, 'max-age=3600')
    assert.deepEqual(data?.metadata, { take: 7 })
    assert.equal(await stored(bob, name), undefined)
  }
})

test('an upload that was stopped goes on where it was, from another client too', async () => {
  const name = nameOf(ann, 'stopped.mp4')
  const address = await new Promise<string>((resolve, reject) => {
    const upload: Upload = new Upload(bytes, {
      ...options(ann, name),
      onError: reject,
      onChunkComplete(_size, accepted) {
        if (accepted === 2 * chunkBytes) upload.abort().then(() => resolve(upload.url ?? ''), reject)
      },
    })
    upload.start()
  })
  assert.equal(await stored(ann, name), undefined)
  const accepted: number[] = []
  await run(
    bytes,
    options(ann, name, { uploadUrl: address, onChunkComplete: (size, _all) => accepted.push(size) }),
  )
  assert.equal(
    accepted.reduce((sum, size) => sum + size),
    bytes.length - 2 * chunkBytes,
    'only the rest was sent',
  )
  assert.ok((await stored(ann, name))?.equals(bytes))
})

test('a connection cut in the middle of one long request costs nothing that had arrived', async () => {
  const name = nameOf(ann, 'cut.mp4')
  const { address } = await begin(ann, name, bytes.length)
  const sent = sendHalf(ann, address, bytes.subarray(0, 3 * chunkBytes))
  await arrived(3 * chunkBytes)
  sent.destroy()
  await until(async () => (await offsetOf(ann, address)) === 3 * chunkBytes, 'what arrived counts')
  await run(bytes, options(ann, name, { uploadUrl: `${house.url}${address}` }))
  assert.ok((await stored(ann, name))?.equals(bytes))
})

test('of two appends at once one counts and the other is refused', async () => {
  const { address } = await begin(ann, nameOf(ann, 'two.mp4'), bytes.length)
  const half = bytes.subarray(0, 2 * chunkBytes)
  const first = sendHalf(ann, address, half)
  await arrived(half.length)
  const second = await append(ann, address, 0, Buffer.alloc(chunkBytes, 'other'))
  assert.equal(second.status, 204)
  const answer = once(first, 'response')
  first.end(bytes.subarray(half.length))
  const [refused] = await answer
  assert.equal(refused.statusCode, 409)
  refused.resume()
  assert.equal(await offsetOf(ann, address), chunkBytes)
})

test('a client whose offset is wrong is told the right one', async () => {
  const { address } = await begin(ann, nameOf(ann, 'offset.mp4'), 100)
  assert.equal((await append(ann, address, 0, Buffer.alloc(40))).status, 204)
  for (const offset of [0, 39, 41, 100]) {
    const refused = await append(ann, address, offset, Buffer.alloc(10))
    assert.equal(refused.status, 409)
    assert.match(JSON.stringify(await refused.json()), /has 40 bytes/)
  }
  assert.equal((await tus(ann, address, 'PATCH', {}, Buffer.alloc(1))).status, 400)
  const head = await tus(ann, address, 'HEAD')
  assert.equal(head.status, 200)
  assert.equal(head.headers.get('upload-offset'), '40')
  assert.equal(head.headers.get('upload-length'), '100')
  assert.equal(head.headers.get('cache-control'), 'no-store')
  const life = Date.parse(head.headers.get('upload-expires') ?? '') - Date.now()
  assert.ok(life > 3_500_000 && life <= 3_600_000)
})

test('the upload of another user, and one that does not exist, is answered alike with 404', async () => {
  const { address } = await begin(ann, nameOf(ann, 'mine.mp4'), 100)
  const nowhere = '/storage/v1/upload/resumable/0190a6f0-0000-7000-8000-000000000000'
  for (const path of [address, nowhere, '/storage/v1/upload/resumable/x']) {
    const replies = [
      await tus(bob, path, 'HEAD'),
      await append(bob, path, 0, Buffer.alloc(1)),
      await tus(bob, path, 'DELETE'),
    ]
    assert.deepEqual(
      replies.map(({ status }) => status),
      [404, 404, 404],
    )
  }
  assert.equal(await offsetOf(ann, address), 0)
  assert.equal((await house.anonymous(address, { method: 'HEAD' })).status, 401)
  const foreign = run(bytes, options(bob, nameOf(ann, 'theirs.mp4'), { retryDelays: null }))
  await assert.rejects(foreign, /response code: 403/)
})

test('more bytes than announced, or than the bucket takes, are refused with 413', async () => {
  const name = nameOf(ann, 'over.mp4')
  const { address } = await begin(ann, name, 100)
  assert.equal((await append(ann, address, 0, Buffer.alloc(101))).status, 413)
  assert.equal(await offsetOf(ann, address), 0)
  const tooLarge = run(Buffer.alloc(11 * chunkBytes), options(ann, name, { retryDelays: null }))
  await assert.rejects(tooLarge, /response code: 413/)
  assert.equal(await stored(ann, name), undefined)
})

test('an upload that has expired is gone, and so is one that was given up', async () => {
  const expired = await begin(ann, nameOf(ann, 'expired.mp4'), 100)
  await append(ann, expired.address, 0, Buffer.alloc(10))
  await sql`update resumable_uploads set expires_at = now() where id = ${expired.id}`.execute(
    house.ground.database.system,
  )
  assert.equal((await tus(ann, expired.address, 'HEAD')).status, 404)

  const given = await begin(ann, nameOf(ann, 'given-up.mp4'), 100)
  assert.equal((await tus(ann, given.address, 'DELETE')).status, 204)
  assert.equal((await append(ann, given.address, 0, Buffer.alloc(10))).status, 404)
})

test('who holds the token of a signed upload uploads to that name alone', async () => {
  const name = nameOf(ann, 'signed.mp4')
  const { data } = await storage(ann).from('films').createSignedUploadUrl(name)
  const token = data?.token ?? ''
  const signed = (signature: string, to: string) => ({
    ...options(ann, to, { retryDelays: null }),
    endpoint: `${endpoint}/sign`,
    headers: { 'x-signature': signature },
  })
  await assert.rejects(run(bytes, signed(token, nameOf(ann, 'elsewhere.mp4'))), /response code: 400/)
  await assert.rejects(run(bytes, signed(`${token}x`, name)), /response code: 400/)
  await assert.rejects(run(bytes, { ...signed('', name), headers: {} }), /response code: 401/)
  const { data: read } = await storage(ann).from('films').createSignedUrl(nameOf(ann, 'cut.mp4'), 60)
  const readToken = new URL(read?.signedUrl ?? '').searchParams.get('token') ?? ''
  await assert.rejects(run(bytes, signed(readToken, nameOf(ann, 'cut.mp4'))), /response code: 400/)
  await run(bytes, signed(token, name))
  assert.ok((await stored(ann, name))?.equals(bytes))
})

test('an object that is there is replaced only when asked for', async () => {
  const name = nameOf(ann, 'again.mp4')
  await run(bytes, options(ann, name))
  await assert.rejects(run(bytes, options(ann, name, { retryDelays: null })), /response code: 409/)
  const headers = { authorization: `Bearer ${ann.key}`, 'x-upsert': 'true' }
  await run(Buffer.from('shorter'), options(ann, name, { headers }))
  assert.equal(String(await stored(ann, name)), 'shorter')
})

test('the protocol is asked for and told: version, extensions, largest upload', async () => {
  const told = await house.anonymous('/storage/v1/upload/resumable', { method: 'OPTIONS' })
  assert.equal(told.status, 204)
  assert.equal(told.headers.get('tus-version'), '1.0.0')
  assert.match(told.headers.get('tus-extension') ?? '', /creation,.*termination,expiration/)
  assert.ok(Number(told.headers.get('tus-max-size')) > 0)
  const { address } = await begin(ann, nameOf(ann, 'version.mp4'), 100)
  for (const version of ['0.2.2', undefined]) {
    const headers: Record<string, string> = version === undefined ? {} : { 'tus-resumable': version }
    const refused = await ann.fetch(address, { method: 'HEAD', headers })
    assert.equal(refused.status, 412)
    assert.equal(refused.headers.get('tus-version'), '1.0.0')
  }
  const wrongType = await ann.fetch(address, {
    method: 'PATCH',
    headers: { 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-type': 'application/json' },
    body: '{}',
  })
  assert.equal(wrongType.status, 415)
  assert.equal((await tus(ann, '/storage/v1/upload/resumable', 'POST')).status, 400)
})

test('a client that may only POST goes on, asks and gives up with X-HTTP-Method-Override', async () => {
  const name = nameOf(ann, 'by-post.mp4')
  await run(bytes, options(ann, name, { overridePatchMethod: true, uploadDataDuringCreation: false }))
  assert.ok((await stored(ann, name))?.equals(bytes))

  const { address } = await begin(ann, nameOf(ann, 'by-post-2.mp4'), 100)
  const post = (headers: Record<string, string>, user = ann) => tus(user, address, 'POST', headers)
  const head = await post({ 'x-http-method-override': 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('upload-length')], [200, '100'])
  assert.equal((await post({})).status, 405)
  assert.equal((await post({ 'x-http-method-override': 'DELETE' }, bob)).status, 404)
  assert.equal((await post({ 'x-http-method-override': 'DELETE' })).status, 204)
  assert.equal((await post({ 'x-http-method-override': 'HEAD' })).status, 404)
})

test('bytes that are said to be compressed are refused, not stored so', async () => {
  const { address } = await begin(ann, nameOf(ann, 'gzip.mp4'), 100)
  const gzip = { 'content-encoding': 'gzip', 'upload-offset': '0' }
  assert.equal((await tus(ann, address, 'PATCH', gzip, Buffer.alloc(10))).status, 415)
  assert.equal(await offsetOf(ann, address), 0)
  const created = await create({ objectName: nameOf(ann, 'gzip-2.mp4') }, { 'content-encoding': 'gzip' })
  assert.equal(created.status, 415)
})

test('details that could not be stored or sent back are refused at the beginning; odd ages are passed over', async () => {
  const deep = `{"a":${'['.repeat(6000)}${']'.repeat(6000)}}`
  for (const [details, status] of [
    [{ contentType: 'text/plain\n' }, 415],
    [{ contentType: 'text/plain\u2028' }, 415],
    [{ contentType: 'a\0/b', objectName: nameOf(ann, 'x/.emptyFolderPlaceholder') }, 415],
    [{ metadata: '{"a":"\\u0000"}' }, 400],
    [{ metadata: '{"a":["\\ud800"]}' }, 400],
    [{ metadata: deep }, 400],
  ] as const) {
    const refused = await create({ objectName: nameOf(ann, 'details'), ...details })
    assert.equal(refused.status, status, `${JSON.stringify(details).slice(0, 60)} ${await refused.text()}`)
  }
  for (const [index, cacheControl] of ['a\0b', 'public\r\nx: y', '-1', 'max-age=5'].entries()) {
    const name = nameOf(ann, `age-${index}`)
    const made = await create({ objectName: name, cacheControl, contentType: 'text/plain \t' })
    assert.equal(made.status, 201, await made.text())
    const read = await ann.fetch(`/storage/v1/object/films/${name}`)
    assert.equal(read.status, 200)
    assert.doesNotMatch(read.headers.get('cache-control') ?? '', /public|max-age/)
    assert.match(read.headers.get('content-type') ?? '', /^text\/plain/)
  }
})

test('a page of another origin that is listed may upload, and sees how far it got', async t => {
  const page = 'https://app.example.com'
  const listed = await testHouse(t, { CORS_ORIGINS: page })
  const address = '/storage/v1/upload/resumable/0190a6f0-0000-7000-8000-000000000000'
  const preflight = await listed.anonymous(address, {
    method: 'OPTIONS',
    headers: {
      origin: page,
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'authorization,tus-resumable,upload-offset,x-signature',
    },
  })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-origin'), page)
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /PATCH/)
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /upload-offset,x-signature/)
  const head = await tus(await listed.user(), address, 'HEAD', { origin: page })
  for (const header of ['location', 'upload-offset', 'upload-length', 'tus-resumable'])
    assert.ok(head.headers.get('access-control-expose-headers')?.split(', ').includes(header), header)
})

/** One PATCH of all bytes of which only these are sent for now. */
function sendHalf(user: TestUser, address: string, part: Buffer): ClientRequest {
  const request = httpRequest(`${house.url}${address}`, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${user.key}`,
      'tus-resumable': '1.0.0',
      'upload-offset': '0',
      'content-type': 'application/offset+octet-stream',
      'content-length': bytes.length,
    },
  })
  request.on('error', () => {})
  request.write(part)
  return request
}

/** A temporary file of the store has these bytes. */
async function arrived(sizeBytes: number): Promise<void> {
  const folder = `${house.dataDir}/files/.tmp`
  await until(async () => {
    for (const file of await readdir(folder)) {
      const found = await stat(`${folder}/${file}`).catch(() => undefined)
      if (found?.size === sizeBytes) return true
    }
    return false
  }, `${sizeBytes} bytes arrive`)
}
