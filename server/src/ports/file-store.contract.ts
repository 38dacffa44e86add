import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import type { FileStore } from './file-store.ts'

/** What every file store promises. `openStore` gives an empty one; `links` says that clients can reach it. */
type Range = { start: number; end: number }

export function testFileStoreContract(
  name: string,
  openStore: () => Promise<FileStore>,
  { links }: { links: boolean },
): void {
  test(`${name}: gives back the bytes it was given, with their size and sha256`, async () => {
    const store = await openStore()
    const chunks = [Buffer.from([0, 255, 10]), Buffer.alloc(100_000, 7), Buffer.from('end')]
    const bytes = Buffer.concat(chunks)
    const stored = await store.put('models/a1/1', Readable.from(chunks), { maxBytes: 1_000_000 })
    assert.deepEqual(stored, {
      sizeBytes: bytes.byteLength,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    })
    assert.ok((await read(store, 'models/a1/1'))?.equals(bytes))
  })

  test(`${name}: stores an empty file`, async () => {
    const store = await openStore()
    const { sizeBytes } = await store.put('empty', Readable.from([]), { maxBytes: 10 })
    assert.equal(sizeBytes, 0)
    assert.equal((await read(store, 'empty'))?.byteLength, 0)
  })

  test(`${name}: takes a file of exactly the limit and refuses one byte more, keeping nothing`, async () => {
    const store = await openStore()
    await store.put('limit/exact', bytes(10), { maxBytes: 10 })
    await assert.rejects(store.put('limit/over', bytes(11), { maxBytes: 10 }), { code: 'payload-too-large' })
    assert.deepEqual(await keysOf(store), ['limit/exact'])
    await assert.rejects(store.local('limit/over'), { code: 'not-found' })
  })

  test(`${name}: stops reading at the limit`, async () => {
    const store = await openStore()
    let given = 0
    const endless = Readable.from(
      (function* () {
        for (;;) {
          given += 1000
          yield Buffer.alloc(1000)
        }
      })(),
    )
    await assert.rejects(store.put('endless', endless, { maxBytes: 5000 }), { code: 'payload-too-large' })
    assert.ok(given < 100_000, `read ${given} bytes`)
    endless.destroy()
  })

  test(`${name}: shows nothing of a file while it is being written`, async () => {
    const store = await openStore()
    const source = new Readable({ read() {} })
    source.push('half ')
    const stored = store.put('slow', source, { maxBytes: 100 })
    assert.deepEqual(await keysOf(store), [])
    await assert.rejects(store.local('slow'), { code: 'not-found' })
    source.push('done')
    source.push(null)
    await stored
    assert.deepEqual(await keysOf(store), ['slow'])
    assert.equal(String(await read(store, 'slow')), 'half done')
  })

  test(`${name}: keeps nothing when the stream fails or ends too early, and passes on its error`, async () => {
    const store = await openStore()
    const failing = new Readable({ read() {} })
    failing.push('half')
    const failed = store.put('failed', failing, { maxBytes: 100 })
    failing.destroy(new Error('the upload broke'))
    await assert.rejects(failed, /the upload broke/)

    const cut = new Readable({ read() {} })
    cut.push('half')
    const aborted = store.put('aborted', cut, { maxBytes: 100 })
    cut.destroy()
    await assert.rejects(aborted, { code: 'ERR_STREAM_PREMATURE_CLOSE' })
    assert.deepEqual(await keysOf(store), [])
  })

  test(`${name}: replaces a file whole, or leaves the old one`, async () => {
    const store = await openStore()
    await store.put('same', Readable.from([Buffer.from('old')]), { maxBytes: 10 })
    await assert.rejects(store.put('same', bytes(11), { maxBytes: 10 }), { code: 'payload-too-large' })
    assert.equal(String(await read(store, 'same')), 'old')
    await store.put('same', Readable.from([Buffer.from('new')]), { maxBytes: 10 })
    assert.equal(String(await read(store, 'same')), 'new')
  })

  test(`${name}: lists the keys below a prefix, with the time they were stored`, async () => {
    const store = await openStore()
    const begin = Date.now()
    for (const key of ['a/1', 'a/2/x', 'ab/1', 'b/1']) await store.put(key, bytes(1), { maxBytes: 10 })
    assert.deepEqual(await keysOf(store), ['a/1', 'a/2/x', 'ab/1', 'b/1'])
    assert.deepEqual(await keysOf(store, 'a'), ['a/1', 'a/2/x', 'ab/1'])
    assert.deepEqual(await keysOf(store, 'a/'), ['a/1', 'a/2/x'])
    assert.deepEqual(await keysOf(store, 'a/2/x'), ['a/2/x'])
    assert.deepEqual(await keysOf(store, 'c/'), [])
    for await (const { storedAt } of store.list('a/1')) {
      assert.ok(Math.abs(storedAt - begin) < 60_000, `stored at ${storedAt}, begun at ${begin}`)
    }
  })

  test(`${name}: removes a file, and does not mind one that is not there`, async () => {
    const store = await openStore()
    await store.put('gone', bytes(1), { maxBytes: 10 })
    await store.remove('gone')
    await store.remove('gone')
    await store.remove('never/there')
    assert.deepEqual(await keysOf(store), [])
    await assert.rejects(store.local('gone'), { code: 'not-found', message: /gone/ })
  })

  test(`${name}: keeps the bytes of a removed file until the last reader lets go`, async () => {
    const store = await openStore()
    await store.put('held', Readable.from([Buffer.from('bytes')]), { maxBytes: 10 })
    const first = await store.local('held')
    const second = await store.local('held')
    await store.remove('held')
    assert.deepEqual(await keysOf(store), [])
    await assert.rejects(store.local('held'), { code: 'not-found' })
    await first.release()
    await first.release()
    assert.equal(await readFile(second.path, 'utf8'), 'bytes')
    await second.release()
    await assert.rejects(readFile(second.path), { code: 'ENOENT' })
  })

  const ways = {
    'as a stream': async (store: FileStore, key: string, range?: Range) =>
      buffer(await store.read(key, range)),
    'in pieces': async (store: FileStore, key: string, range?: Range) => {
      const copies: Buffer[] = []
      for await (const piece of await store.pieces(key, range)) copies.push(Buffer.from(piece))
      return Buffer.concat(copies)
    },
  }
  for (const [way, readAll] of Object.entries(ways))
    test(`${name}: gives all bytes, or a range of them, ${way}`, async () => {
      const store = await openStore()
      const content = Buffer.from(Array.from({ length: 2_000_000 }, (_, index) => index % 251))
      await store.put('whole', Readable.from([content]), { maxBytes: 3_000_000 })
      const stream = (range?: Range) => readAll(store, 'whole', range)
      assert.ok((await stream()).equals(content))
      assert.ok((await stream({ start: 0, end: 0 })).equals(content.subarray(0, 1)))
      assert.ok((await stream({ start: 70_000, end: 150_000 })).equals(content.subarray(70_000, 150_001)))
      assert.ok((await stream({ start: 70_000, end: 1_500_000 })).equals(content.subarray(70_000, 1_500_001)))
      assert.ok((await stream({ start: 1_999_999, end: 3_000_000 })).equals(content.subarray(1_999_999)))
      assert.equal((await stream({ start: 2_000_000, end: 3_000_000 })).byteLength, 0)
      await store.put('none', Readable.from([]), { maxBytes: 10 })
      assert.equal((await readAll(store, 'none')).byteLength, 0)
      assert.equal((await readAll(store, 'none', { start: 0, end: 9 })).byteLength, 0)
      await assert.rejects(readAll(store, 'never'), { code: 'not-found', message: /never/ })
    })

  if (links)
    test(`${name}: by a link anyone reads the bytes, or a range, under the headers asked for, and nothing by a changed one`, async () => {
      const store = await openStore()
      const content = Buffer.alloc(100_000, 'linked')
      await store.put('linked/a_b-c', Readable.from([content]), { maxBytes: 1_000_000 })
      const disposition = `attachment; filename="a (b)+c~'*.txt"; filename*=UTF-8''%e2%98%83%20%2B.txt`
      const url = await store.link('linked/a_b-c', { ...plainLink, disposition })
      assert.ok(url)
      const reply = await fetch(url)
      assert.ok(Buffer.from(await reply.arrayBuffer()).equals(content))
      assert.equal(reply.headers.get('content-type'), 'text/plain; charset=utf-8')
      assert.equal(reply.headers.get('content-disposition'), disposition)
      assert.equal(reply.headers.get('cache-control'), 'private, max-age=7')
      const part = await fetch(url, { headers: { range: 'bytes=5-9' } })
      assert.deepEqual([part.status, await part.text()], [206, String(content.subarray(5, 10))])

      const unnamed = await store.link('linked/a_b-c', plainLink)
      assert.ok(unnamed)
      const shown = await fetch(unnamed)
      await shown.body?.cancel()
      assert.deepEqual([shown.status, shown.headers.get('content-disposition')], [200, null])
      for (const change of [
        (changed: URL) => changed.searchParams.set('response-content-type', 'text/html'),
        (changed: URL) => changed.searchParams.delete('response-content-disposition'),
        (changed: URL) => changed.searchParams.set('X-Amz-Expires', '600'),
        (changed: URL) => Object.assign(changed, { pathname: changed.pathname.replace('a_b-c', 'other') }),
      ]) {
        const changed = new URL(url)
        change(changed)
        const refused = await fetch(changed)
        await refused.body?.cancel()
        assert.equal(refused.status, 403, changed.href)
      }
    })
  else
    test(`${name}: gives no links, since only the server reads it`, async () => {
      const store = await openStore()
      await store.put('here', bytes(1), { maxBytes: 10 })
      assert.equal(await store.link('here', plainLink), undefined)
    })

  test(`${name}: a stream that has begun gives one state of the file, whatever happens to it`, async () => {
    const store = await openStore()
    for (const change of ['replaced', 'removed'] as const) {
      const content = Buffer.alloc(300_000, change)
      await store.put(change, Readable.from([content]), { maxBytes: 1_000_000 })
      const stream = await store.read(change)
      if (change === 'replaced') await store.put(change, bytes(5), { maxBytes: 10 })
      else await store.remove(change)
      assert.ok((await buffer(stream)).equals(content), change)
    }
    const abandoned = await store.read('replaced')
    abandoned.destroy()
    await assert.rejects(store.read('removed'), { code: 'not-found', message: /removed/ })
    await assert.rejects(store.read('never'), { code: 'not-found', message: /never/ })
  })

  test(`${name}: copies a file; the copy is as old as the copying, and stays when the first goes`, async () => {
    const store = await openStore()
    const content = Buffer.alloc(100_000, 'copied')
    await store.put('first', Readable.from([content]), { maxBytes: 1_000_000 })
    await store.put('second/b', bytes(3), { maxBytes: 10 })
    await store.copy('first', 'second/a')
    await store.copy('first', 'second/b')
    await store.copy('first', 'first')
    assert.deepEqual(await keysOf(store), ['first', 'second/a', 'second/b'])
    for await (const { key, storedAt } of store.list('second/')) {
      assert.ok(Math.abs(storedAt - Date.now()) < 60_000, `${key} stored at ${storedAt}`)
    }
    await store.remove('first')
    await assert.rejects(store.copy('first', 'third'), { code: 'not-found', message: /first/ })
    assert.ok((await read(store, 'second/a')).equals(content))
    assert.ok((await buffer(await store.read('second/b'))).equals(content))
    assert.deepEqual(await keysOf(store), ['second/a', 'second/b'])
  })

  test(`${name}: refuses keys that could leave the store`, async () => {
    const store = await openStore()
    await store.put('there', bytes(1), { maxBytes: 10 })
    for (const key of [
      '',
      '/a',
      '../a',
      'a/../b',
      'a//b',
      'a/',
      '.tmp/a',
      'A',
      'a\0b',
      'a\\b',
      'a'.repeat(1025),
    ]) {
      await assert.rejects(store.put(key, bytes(1), { maxBytes: 10 }), /not a key/, `put ${key}`)
      await assert.rejects(store.local(key), /not a key/, `local ${key}`)
      await assert.rejects(store.read(key), /not a key/, `read ${key}`)
      await assert.rejects(store.link(key, plainLink), /not a key/, `link ${key}`)
      await assert.rejects(store.copy('there', key), /not a key/, `copy to ${key}`)
      await assert.rejects(store.copy(key, 'other'), /not a key/, `copy ${key}`)
      await assert.rejects(store.remove(key), /not a key/, `remove ${key}`)
    }
    assert.deepEqual(await keysOf(store), ['there'])
  })

  test(`${name}: says that it can be written, and leaves nothing by asking`, async () => {
    const store = await openStore()
    await store.check()
    assert.deepEqual(await keysOf(store), [])
  })
}

const plainLink = {
  expiresInSeconds: 60,
  contentType: 'text/plain; charset=utf-8',
  disposition: undefined,
  cacheControl: 'private, max-age=7',
}

function bytes(count: number): Readable {
  return Readable.from([Buffer.alloc(count, 1)])
}

async function keysOf(store: FileStore, prefix = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys.sort()
}

async function read(store: FileStore, key: string): Promise<Buffer> {
  const { path, release } = await store.local(key)
  return await readFile(path).finally(release)
}
