import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { createClient, type Problem } from '@roundhouse/sdk'
import { defer } from '../src/testing/defer.ts'
import { testHouse, testKey } from '../src/testing/house.ts'

const house = await testHouse({ after })
const user = await house.user()
const other = await house.user()
const client = (token: string, baseUrl = house.url) => createClient({ baseUrl, token })
const service = client(testKey).files
const mine = client(user.key).files.from('photos')
const named = (name: string) => `${user.id}/${name}`
const bytes = new Uint8Array(Buffer.alloc(300_000, 'the bytes of a photo '))
const withCode = (code: Problem['code']) => ({ name: 'Problem', code })
const textOf = async (blob: Promise<Blob>) => (await blob).text()
await service.buckets.create({ name: 'photos', file_size_limit: '5MB' })

test('buckets are made, listed, changed, emptied and removed', async () => {
  const made = await service.buckets.create({ name: 'a b', public: true, allowed_mime_types: ['image/*'] })
  assert.equal(made.public, true)
  assert.deepEqual(made.allowed_mime_types, ['image/*'])
  await assert.rejects(service.buckets.create({ name: 'a b' }), withCode('bucket-exists'))
  const found = await service.buckets.list({ search: 'A B' })
  assert.deepEqual(
    found.map(({ name }) => name),
    ['a b'],
  )
  const changed = await service.buckets.update('a b', { public: false, file_size_limit: 100 })
  assert.deepEqual([changed.public, changed.file_size_limit], [false, 100])
  await service.from('a b').upload('x.png', new Blob(['x'], { type: 'image/png' }))
  await assert.rejects(service.buckets.remove('a b'), withCode('bucket-not-empty'))
  await service.buckets.empty('a b')
  await service.buckets.remove('a b')
  await assert.rejects(service.buckets.get('a b'), withCode('bucket-not-found'))
  await assert.rejects(client(user.key).files.buckets.create({ name: 'no' }), withCode('forbidden'))
  await assert.rejects(client('rh_wrong').files.buckets.list(), withCode('unauthenticated'))
})

test('in a bucket with open folders users read and add everywhere, and change only what they added', async () => {
  const { buckets } = service
  const made = await buckets.create({ name: 'team', open_folders: true })
  assert.equal(made.open_folders, true)
  const [ours, theirs] = [user, other].map(({ key }) => client(key).files.from('team'))
  assert(ours && theirs)
  await ours.upload('plans/a.txt', new Blob(['a'], { type: 'text/plain' }))
  assert.equal(await textOf(theirs.download('plans/a.txt')), 'a')
  await assert.rejects(theirs.upload('plans/a.txt', new Blob(['b']), { upsert: true }), withCode('forbidden'))
  assert.equal((await buckets.update('team', { open_folders: false })).open_folders, false)
  await assert.rejects(theirs.download('plans/a.txt'), withCode('object-not-found'))
  await assert.rejects(ours.upload('plans/b.txt', new Blob(['b'])), withCode('forbidden'))
  assert.equal((await buckets.create({ name: 'closed' })).open_folders, false)
  await assert.rejects(buckets.update('models', { open_folders: true }), withCode('conflict'))
})

test('a file goes up and comes down byte for byte, with its details, its progress and in part', async () => {
  const name = named('a folder/1 (2).png')
  const sent: number[] = []
  const received: number[] = []
  const details = { cacheSeconds: 60, metadata: { title: 'Größe' }, contentType: 'image/png' }
  const stored = await mine.upload(name, bytes, {
    ...details,
    onProgress: ({ sentBytes }) => sent.push(sentBytes),
  })
  const blob = await mine.download(name, { onProgress: ({ receivedBytes }) => received.push(receivedBytes) })
  assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), bytes)
  assert.equal(blob.type, 'image/png')
  assert.ok(sent.length > 1)
  assert.deepEqual([sent.at(-1), received.at(-1)], [bytes.length, bytes.length])
  assert.equal(await textOf(mine.download(name, { range: { start: 4, end: 8 } })), 'bytes')
  const streamed = await mine.downloadStream(name, { range: { start: 4 } })
  assert.deepEqual(new Uint8Array(await new Response(streamed).arrayBuffer()), bytes.subarray(4))

  const info = await mine.info(name)
  assert.deepEqual(
    [info.id, info.size, info.cache_control, info.metadata],
    [stored.id, bytes.length, 'max-age=60', { title: 'Größe' }],
  )
  await assert.rejects(mine.upload(name, bytes), withCode('object-exists'))
  await mine.upload(name, new Blob(['new']), { upsert: true })
  assert.equal(await textOf(mine.download(name)), 'new')
  await assert.rejects(mine.upload(named('big'), new Uint8Array(5_000_001)), withCode('payload-too-large'))
  const theirs = client(other.key).files.from('photos')
  await assert.rejects(theirs.download(name), withCode('object-not-found'))
  await assert.rejects(theirs.upload(named('theirs'), bytes), withCode('forbidden'))
  await assert.rejects(mine.info(named('../x')), TypeError)
})

test('files are listed by folder and by prefix, copied, moved and removed', async () => {
  for (const name of ['l/1', 'l/2', 'l/sub/3']) await mine.upload(named(name), new Blob([name]))
  const entries = await mine.list(named('l'))
  assert.deepEqual(
    entries.map(({ name, id }) => [name, id === null]),
    [
      ['1', false],
      ['2', false],
      ['sub', true],
    ],
  )
  assert.equal((await mine.list(named('l'), { limit: 1, offset: 1 }))[0]?.name, '2')
  const all: string[] = []
  for await (const { name } of mine.iterate(named('l/'))) all.push(name)
  assert.deepEqual(all, ['l/1', 'l/2', 'l/sub/3'].map(named))
  await mine.copy(named('l/1'), named('l/copy'))
  await mine.move(named('l/2'), named('l/moved'))
  assert.equal(await textOf(mine.download(named('l/copy'))), 'l/1')
  const removed = await mine.remove([named('l/1'), named('l/2'), named('l/moved')])
  assert.deepEqual(removed.sort(), [named('l/1'), named('l/moved')])
})

test('links read and write without a credential; a public bucket needs none', async () => {
  await mine.upload(named('link.txt'), new Blob(['linked'], { type: 'text/plain' }))
  const url = await mine.signedUrl(named('link.txt'), { expiresInSeconds: 60, download: 'a b.txt' })
  const read = await fetch(url)
  assert.equal(await read.text(), 'linked')
  assert.match(read.headers.get('content-disposition') ?? '', /attachment; filename.*a%20b\.txt/)
  const urls = await mine.signedUrls([named('link.txt'), named('none')], { expiresInSeconds: 60 })
  assert.equal(urls[1]?.url, null)
  assert.equal(await (await fetch(urls[0]?.url ?? '')).text(), 'linked')

  const { token, url: uploadUrl } = await mine.signedUploadUrl(named('by-link.txt'))
  assert.ok(uploadUrl.startsWith(house.url))
  const nobody = createClient({ baseUrl: house.url }).files.from('photos')
  await assert.rejects(
    nobody.uploadToSignedUrl(named('else'), token, new Blob(['x'])),
    withCode('link-mismatch'),
  )
  await nobody.uploadToSignedUrl(named('by-link.txt'), token, new Blob(['by link']))
  assert.equal(await textOf(mine.download(named('by-link.txt'))), 'by link')
  const second = await mine.signedUploadUrl(named('by-link-2.txt'))
  await nobody.uploadResumable(named('by-link-2.txt'), new Blob(['in parts']), { token: second.token })
  assert.equal(await textOf(mine.download(named('by-link-2.txt'))), 'in parts')

  await service.buckets.create({ name: 'open', public: true })
  await service.from('open').upload('p.txt', new Blob(['public']))
  assert.equal(await (await fetch(service.from('open').publicUrl('p.txt'))).text(), 'public')
})

test('a resumable upload gets through a connection that breaks again and again', async () => {
  const proxy = await cuttingProxy(100_000)
  const through = client(user.key, proxy.url).files.from('photos')
  const big = new Uint8Array(Buffer.alloc(1_000_003, 'broken off '))
  const stream = () => new Blob([big]).stream().pipeThrough(new TransformStream<Uint8Array, Uint8Array>())
  for (const [name, file] of [
    ['blob', new Blob([big], { type: 'image/png' })],
    ['bytes', big],
    ['stream', stream()],
  ] as const) {
    const progress: number[] = []
    await through.uploadResumable(named(`broken-${name}`), file, {
      chunkBytes: 400_000,
      metadata: { name },
      onProgress: ({ sentBytes }) => progress.push(sentBytes),
    })
    const stored = await mine.download(named(`broken-${name}`))
    assert.deepEqual(new Uint8Array(await stored.arrayBuffer()), big)
    assert.deepEqual((await mine.info(named(`broken-${name}`))).metadata, { name })
    assert.equal(progress.at(-1), big.length)
  }
  assert.ok(proxy.cuts() >= 9, `${proxy.cuts()} cuts`)
})

test('a resumable upload is stopped by its signal, and goes on in another client by its id', async () => {
  const name = named('stopped')
  const stop = new AbortController()
  let uploadId = ''
  const stopped = mine.uploadResumable(name, bytes, {
    chunkBytes: 100_000,
    signal: stop.signal,
    onUploadId: id => {
      uploadId = id
    },
    onProgress: () => stop.abort(new Error('enough')),
  })
  await assert.rejects(stopped, /enough/)
  const sent: number[] = []
  await client(user.key)
    .files.from('photos')
    .uploadResumable(name, bytes, {
      uploadId,
      chunkBytes: 100_000,
      onProgress: ({ sentBytes }) => sent.push(sentBytes),
    })
  assert.deepEqual(sent, [200_000, 300_000])
  assert.deepEqual(new Uint8Array(await (await mine.download(name)).arrayBuffer()), bytes)

  let half = ''
  const begun = mine.uploadResumable(named('half'), bytes, {
    chunkBytes: 100_000,
    onUploadId: id => {
      half = id
    },
    onProgress: () => {
      throw new Error('enough')
    },
  })
  await assert.rejects(begun, /enough/)
  const another = mine.uploadResumable(named('half'), bytes.subarray(1), { uploadId: half })
  await assert.rejects(another, { name: 'TypeError', message: /300000 bytes, this file has 299999/ })
  await assert.rejects(mine.info(named('half')), withCode('object-not-found'))

  const gone = '0190a6f0-0000-7000-8000-000000000000'
  await mine.uploadResumable(name, new Blob(['anew']), { uploadId: gone, upsert: true })
  assert.equal(await textOf(mine.download(name)), 'anew')
  await mine.uploadResumable(named('empty'), new Blob([]))
  assert.equal((await mine.info(named('empty'))).size, 0)
  await assert.rejects(mine.uploadResumable(name, new Blob(['x'])), withCode('object-exists'))
  const foreign = mine.uploadResumable(`${other.id}/x`, new Blob(['x']))
  await assert.rejects(foreign, withCode('forbidden'))
})

/** Passes on what comes, and cuts each connection after so many bytes from the client. */
async function cuttingProxy(afterBytes: number): Promise<{ url: string; cuts(): number }> {
  const target = Number(new URL(house.url).port)
  const open = new Set<Socket>()
  let cuts = 0
  const server = createServer(from => {
    const to = connect(target, '127.0.0.1')
    let passed = 0
    for (const socket of [from, to]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => open.delete(socket))
    }
    from.on('data', chunk => {
      passed += chunk.length
      to.write(chunk)
      if (passed < afterBytes) return
      cuts++
      from.destroy()
      to.end()
    })
    from.on('end', () => to.end())
    to.pipe(from)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  defer({ after }, () => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { url: `http://127.0.0.1:${address.port}`, cuts: () => cuts }
}
