import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import type { FileStore } from './file-store.ts'

/** What every file store promises. `openStore` gives an empty one. */
export function testFileStoreContract(name: string, openStore: () => Promise<FileStore>): void {
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

  test(`${name}: gives all bytes, or a range of them, as a stream`, async () => {
    const store = await openStore()
    const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251))
    await store.put('whole', Readable.from([content]), { maxBytes: 1_000_000 })
    const stream = async (range?: { start: number; end: number }) =>
      await buffer(await store.read('whole', range))
    assert.ok((await stream()).equals(content))
    assert.ok((await stream({ start: 0, end: 0 })).equals(content.subarray(0, 1)))
    assert.ok((await stream({ start: 70_000, end: 150_000 })).equals(content.subarray(70_000, 150_001)))
    assert.ok((await stream({ start: 199_999, end: 300_000 })).equals(content.subarray(199_999)))
    assert.equal((await stream({ start: 200_000, end: 300_000 })).byteLength, 0)
    await store.put('none', Readable.from([]), { maxBytes: 10 })
    assert.equal((await buffer(await store.read('none'))).byteLength, 0)
    assert.equal((await buffer(await store.read('none', { start: 0, end: 9 }))).byteLength, 0)
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
