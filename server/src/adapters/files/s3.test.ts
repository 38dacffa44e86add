import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import type { Log } from '../../kit/log.ts'
import { testFileStoreContract } from '../../ports/file-store.contract.ts'
import type { FileStore } from '../../ports/file-store.ts'
import { startFaultyProxy } from '../../testing/faulty-proxy.ts'
import { startS3 } from '../../testing/s3-server.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { until } from '../../testing/until.ts'
import { createS3Client } from './s3/client.ts'
import { parseS3Place, type S3Place } from './s3/place.ts'
import { inMemory } from './s3/spool.ts'
import { textOf } from './s3/xml.ts'
import { openS3Store } from './s3.ts'

const file = { after }
const server = await startS3(file)
const proxy = await startFaultyProxy(file, server.port)
let serial = 0

testFileStoreContract('S3 store', async () => (await openStore()).store, { links: false })
const publicEndpoint = `http://127.0.0.1:${server.port}`
testFileStoreContract('S3 store for clients', async () => (await openStore({ publicEndpoint })).store, {
  links: true,
})

test('reaches a bucket by its host name too', async () => {
  const place = await server.bucket('by-host')
  const { store } = await openStore({
    place: { ...place, endpoint: `http://localhost:${server.port}`, pathStyle: false },
  })
  await store.put('a/b', Readable.from(['by host']), { maxBytes: 10 })
  assert.equal(String(await buffer(await store.read('a/b'))), 'by host')
  assert.equal(await readFile(join(server.folder, 'by-host/house/a/b'), 'utf8'), 'by host')
  await store.copy('a/b', 'c')
  assert.deepEqual(await keysOf(store), ['a/b', 'c'])
})

test('a large file goes in parts and comes back whole, also a copy of it and a range across parts', async () => {
  const { store, place } = await openStore()
  const content = noise(20_000_000)
  const stored = await store.put('large', inChunks(content), { maxBytes: content.byteLength })
  assert.deepEqual(stored, { sizeBytes: content.byteLength, sha256: sha256(content) })
  assert.ok((await buffer(await store.read('large'))).equals(content))
  const range = { start: 8 * 1024 * 1024 - 5, end: 16 * 1024 * 1024 + 5 }
  assert.ok(
    (await buffer(await store.read('large', range))).equals(content.subarray(range.start, range.end + 1)),
  )
  await store.copy('large', 'copied')
  const { path, release } = await store.local('copied')
  assert.equal(sha256(await readFile(path)), stored.sha256)
  await release()
  assert.deepEqual(await uploadsIn(place), [])
})

test('a file of exactly the size of the parts is whole', async () => {
  const { store } = await openStore()
  for (const sizeBytes of [8 * 1024 * 1024, 16 * 1024 * 1024, 8 * 1024 * 1024 + 1]) {
    const content = noise(sizeBytes)
    const stored = await store.put(`exact-${sizeBytes}`, inChunks(content), { maxBytes: sizeBytes })
    assert.deepEqual(stored, { sizeBytes, sha256: sha256(content) })
    assert.ok((await buffer(await store.read(`exact-${sizeBytes}`))).equals(content), String(sizeBytes))
  }
})

test('a large upload that breaks off, or is too large, leaves nothing to be seen or billed', async () => {
  const { store, place } = await openStore()
  const content = noise(20_000_000)
  await assert.rejects(store.put('long', inChunks(content), { maxBytes: content.byteLength - 1 }), {
    code: 'payload-too-large',
  })
  const failing = Readable.from(
    (function* () {
      yield content
      throw new Error('the upload broke')
    })(),
  )
  await assert.rejects(store.put('broken', failing, { maxBytes: 1e9 }), /the upload broke/)
  assert.deepEqual(await keysOf(store), [])
  assert.deepEqual(await uploadsIn(place), [])
})

test('a part that the storage refuses for good ends the upload, and nothing is left', async () => {
  const { store, place } = await openStore({ port: proxy.port })
  proxy.answer(request =>
    request.includes('partNumber=2') ? { status: 507, code: 'QuotaExceeded' } : undefined,
  )
  await assert.rejects(store.put('full', inChunks(noise(20_000_000)), { maxBytes: 1e9 }), {
    code: 'storage-full',
    status: 507,
  })
  proxy.pass()
  assert.deepEqual(await keysOf(store), [])
  assert.deepEqual(await uploadsIn(place), [])
})

test('reads on where a connection was cut, and gives each byte once', async () => {
  const { store } = await openStore({ port: proxy.port })
  const content = noise(5_000_000)
  await store.put('cut', inChunks(content), { maxBytes: 1e9 })
  proxy.cutAfter(1_500_000)
  assert.ok((await buffer(await store.read('cut'))).equals(content))
  assert.ok(proxy.cuts() >= 3, `${proxy.cuts()} cuts`)
  const part = await buffer(await store.read('cut', { start: 1_000_000, end: 3_999_999 }))
  assert.ok(part.equals(content.subarray(1_000_000, 4_000_000)))
  const { path, release } = await store.local('cut')
  assert.equal(sha256(await readFile(path)), sha256(content))
  await release()
  proxy.pass()
})

test('an upload goes on after errors of the storage and cut connections', async () => {
  const { store, place } = await openStore({ port: proxy.port })
  const content = noise(20_000_000)
  const failed = new Set<string>()
  // The first of every kind of request.
  proxy.answer(request => {
    const kind = request.split(' ')[0] + (/partNumber=\d|uploadId|uploads/.exec(request)?.[0] ?? '')
    if (failed.has(kind)) return undefined
    failed.add(kind)
    return failed.size % 2 === 0 ? { status: 503, code: 'SlowDown' } : 'reset'
  })
  const stored = await store.put('stormy', inChunks(content), { maxBytes: 1e9 })
  assert.ok(failed.size >= 5, [...failed].join())
  assert.equal(stored.sha256, sha256(content))
  assert.ok((await buffer(await store.read('stormy'))).equals(content))
  proxy.pass()
  assert.deepEqual(await uploadsIn(place), [])
})

test('an upload whose last answer was lost is known to be done', async () => {
  const { store } = await openStore({ port: proxy.port })
  proxy.answer(request =>
    request.startsWith('POST') && request.includes('uploadId=') ? 'reset-answer' : undefined,
  )
  const content = noise(9_000_000)
  await store.put('lost', inChunks(content), { maxBytes: 1e9 })
  proxy.pass()
  assert.ok((await buffer(await store.read('lost'))).equals(content))
})

test('a storage that fails all the time is told as storage-unavailable, without secrets, and works again after', async () => {
  const lines: string[] = []
  const { store, cacheFolder } = await openStore({ port: proxy.port, log: logTo(lines) })
  await store.put('there', Readable.from(['bytes']), { maxBytes: 10 })
  proxy.answer(() => ({ status: 500, code: 'InternalError' }))
  const calls = {
    read: () => store.read('there'),
    local: () => store.local('there'),
    put: () => store.put('new', Readable.from(['bytes']), { maxBytes: 10 }),
    check: () => store.check(),
    list: () => keysOf(store),
    remove: () => store.remove('there'),
    copy: () => store.copy('there', 'copied'),
  }
  const failures = await Promise.all(
    Object.values(calls).map(call =>
      call().then(
        () => undefined,
        error => error,
      ),
    ),
  )
  for (const [index, failure] of failures.entries()) {
    assert.ok(isProblem(failure), Object.keys(calls)[index])
    assert.equal(failure.code, 'storage-unavailable')
    assert.equal(failure.status, 503)
    lines.push(String(failure.stack), String(failure.cause))
  }
  proxy.pass()
  assert.ok(lines.some(line => /storage-retry/.test(line)))
  assert.doesNotMatch(lines.join('\n'), secrets)
  assert.deepEqual(await readdir(join(cacheFolder, '.tmp')), [])
  assert.equal(String(await buffer(await store.read('there'))), 'bytes')
  assert.deepEqual(await keysOf(store), ['there'])
})

test('wrong keys, a wrong region and a bucket that is not there are told at the start, in one sentence', async () => {
  const place = await server.bucket('told')
  const { accessKeyId, secretAccessKey } = server.credentials
  const wrong = [
    {
      credentials: { accessKeyId, secretAccessKey: 'another-secret' },
      message: /refuses the signature. Check S3_SECRET_ACCESS_KEY\.$/,
    },
    {
      credentials: { accessKeyId: 'another-id', secretAccessKey },
      message: /does not know the key\. Check S3_ACCESS_KEY_ID\.$/,
    },
    {
      place: { ...place, bucket: 'nowhere' },
      message: /^There is no bucket nowhere at http:\S+\. Make it, or correct FILES_URL\.$/,
    },
    {
      place: { ...place, region: 'us-west-9' },
      message: /is not in the region us-west-9\. Correct region in FILES_URL\.$/,
    },
  ]
  for (const { message, ...changed } of wrong) {
    await assert.rejects(openStore({ place, ...changed }), (error: Error) => {
      assert.match(error.message, message)
      assert.doesNotMatch(`${error.stack}${error.cause}`, /another-secret|the-secret/)
      return true
    })
  }
})

test('opens while the storage does not answer, says so, and works once it does', async () => {
  const lines: string[] = []
  proxy.answer(() => 'reset')
  const { store } = await openStore({ port: proxy.port, log: logTo(lines) })
  assert.ok(lines.some(line => line.startsWith('storage-unavailable')))
  await assert.rejects(store.check(), { code: 'storage-unavailable' })
  proxy.pass()
  await store.check()
})

test('an upload in parts that a killed process left is given up a week later, at a start; a younger one stays', async () => {
  const { place } = await openStore()
  const client = createS3Client({ place, credentials: server.credentials, log: logTo([]) })
  for (const key of ['old', 'young']) {
    const { text } = await client.send({ method: 'POST', key, query: { uploads: '' } })
    const query = { partNumber: '1', uploadId: textOf(text, 'UploadId') ?? '' }
    const body = noise(1000)
    await client.send({ method: 'PUT', key, query, body: inMemory(body), sha256: sha256(body) })
  }
  const [a, b, ...more] = await uploadsIn(place)
  assert.ok(a && b && more.length === 0)
  const eightDaysAgo = new Date(Date.now() - 8 * 24 * 3_600_000)
  await utimes(join(server.folder, place.bucket, dirname(a)), eightDaysAgo, eightDaysAgo)
  await openStore({ place })
  await until(async () => (await uploadsIn(place)).length === 1, 'one upload is left')
  assert.deepEqual(await uploadsIn(place), [b])
  await openStore({ place })
  assert.deepEqual(await uploadsIn(place), [b])
})

test('lists more than one page', async () => {
  const { store, place } = await openStore()
  const folder = join(server.folder, place.bucket, 'house/many')
  await mkdir(folder, { recursive: true })
  const names = Array.from({ length: 1203 }, (_, index) => `f${String(index).padStart(4, '0')}`)
  for (const name of names) await writeFile(join(folder, name), 'x')
  assert.deepEqual(
    await keysOf(store, 'many/'),
    names.map(name => `many/${name}`),
  )
})

test('fetches a file for local use once, also across a restart, and again when it has changed', async () => {
  const { store, place, cacheFolder } = await openStore({ port: proxy.port })
  await store.put('model', Readable.from(['first']), { maxBytes: 10 })
  const fetched = () =>
    proxy.requests().filter(request => request.startsWith('GET') && request.includes('/model')).length
  const before = fetched()
  const held = await Promise.all([store.local('model'), store.local('model'), store.local('model')])
  for (const { path, release } of held) {
    assert.equal(await readFile(path, 'utf8'), 'first')
    await release()
  }
  const { store: restarted } = await openStore({ place, cacheFolder })
  await (await restarted.local('model')).release()
  const { store: again } = await openStore({
    port: proxy.port,
    place: parseS3Place(server.url(place.bucket, proxy.port)),
    cacheFolder,
  })
  const copy = await again.local('model')
  assert.equal(await readFile(copy.path, 'utf8'), 'first')
  await copy.release()
  assert.equal(fetched() - before, 1)
  await again.put('model', Readable.from(['second']), { maxBytes: 10 })
  const changed = await again.local('model')
  assert.equal(await readFile(changed.path, 'utf8'), 'second')
  await changed.release()
  assert.equal(fetched() - before, 2)
})

test('keeps the local copies below their limit: the least recently used go, but none that is held', async () => {
  const { store, cacheFolder } = await openStore({ cacheBytes: 250 })
  for (const key of ['a', 'b', 'c'])
    await store.put(key, Readable.from([Buffer.alloc(100, key)]), { maxBytes: 100 })
  const sizes = async () => (await readdir(cacheFolder)).filter(name => name !== '.tmp').length
  const a = await store.local('a')
  await (await store.local('b')).release()
  const c = await store.local('c')
  assert.equal(await sizes(), 2)
  assert.equal(await readFile(a.path, 'utf8'), 'a'.repeat(100))
  assert.equal(await readFile(c.path, 'utf8'), 'c'.repeat(100))
  const b = await store.local('b')
  assert.equal(await sizes(), 3, 'all are held')
  await a.release()
  assert.equal(await sizes(), 2)
  await assert.rejects(readFile(a.path), { code: 'ENOENT' })
  await b.release()
  await c.release()
})

test('a local copy that lost bytes, or is gone, is fetched again', async () => {
  const { store, place, cacheFolder } = await openStore()
  await store.put('model', Readable.from(['whole bytes']), { maxBytes: 20 })
  const first = await store.local('model')
  await first.release()
  await writeFile(first.path, 'whole')
  const { store: restarted } = await openStore({ place, cacheFolder })
  const second = await restarted.local('model')
  assert.equal(await readFile(second.path, 'utf8'), 'whole bytes')
  await second.release()
  await rm(second.path)
  const third = await restarted.local('model')
  assert.equal(await readFile(third.path, 'utf8'), 'whole bytes')
  await third.release()
})

const secrets = /the-secret-of-the-storage|AWS4-HMAC|Signature=/

async function openStore(
  options: {
    place?: S3Place
    port?: number
    publicEndpoint?: string
    log?: Log
    cacheFolder?: string
    cacheBytes?: number
    credentials?: typeof server.credentials
  } = {},
): Promise<{ store: FileStore; place: S3Place; cacheFolder: string }> {
  const place = options.place ?? (await server.bucket(`bucket-${serial++}`, options.port))
  const cacheFolder = options.cacheFolder ?? (await temporaryFolder(file))
  const { credentials = server.credentials, cacheBytes = 1e9, log = logTo([]), publicEndpoint } = options
  const reach = publicEndpoint === undefined ? {} : { publicEndpoint }
  const store = await openS3Store({ place, ...reach, credentials, cacheFolder, cacheBytes, log })
  return { store, place, cacheFolder }
}

function logTo(lines: string[]): Log {
  const write = (event: string, fields = {}) =>
    void lines.push(`${event} ${JSON.stringify(fields)} ${'err' in fields ? fields.err : ''}`)
  return { debug: write, info: write, warn: write, error: write }
}

async function keysOf(store: FileStore, prefix = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys.sort()
}

/** What the server keeps of uploads in parts that have not ended. */
async function uploadsIn(place: S3Place): Promise<string[]> {
  const found = await readdir(join(server.folder, place.bucket), { recursive: true }).catch(() => [])
  return found.filter(name => /multipart\/.*\/.*\/./.test(name))
}

function noise(sizeBytes: number): Buffer {
  const block = createHash('sha512').update(String(sizeBytes)).digest()
  const content = Buffer.alloc(sizeBytes, block)
  for (let at = 0; at + 8 <= sizeBytes; at += 65_521) content.writeUInt32LE(at, at)
  return content
}

function inChunks(content: Buffer): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < content.byteLength; at += 65_536) yield content.subarray(at, at + 65_536)
    })(),
  )
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
