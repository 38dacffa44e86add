import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { anonymousCaller, newCaller } from '../testing/callers.ts'
import { openFilesRoom } from '../testing/files-room.ts'
import { until } from '../testing/until.ts'

test('an upload that breaks off, is too large or finds the disk full leaves what was there and nothing else', async t => {
  let isFull = false
  const { put, keys, text } = await openFilesRoom(t, files => ({
    async put(key, source, options) {
      if (!isFull) return files.put(key, source, options)
      source.resume()
      throw new Problem('storage-full', 'The disk is full; nothing was stored.')
    },
  }))
  await put('first')
  const before = await keys()
  async function* broken() {
    yield Buffer.from('half')
    throw new Error('the line went dead')
  }
  await assert.rejects(put(Readable.from(broken())), /the line went dead/)
  await assert.rejects(put('x'.repeat(1001)), { code: 'payload-too-large' })
  await assert.rejects(put('x'.repeat(11), { maxBytes: 10 }), { code: 'payload-too-large' })
  const lateFailure = { finish: () => Promise.reject(new Error('the form is broken')) }
  await assert.rejects(put('second', lateFailure), /the form is broken/)
  const lateType = { finish: async () => ({ contentType: 'no type' }) }
  await assert.rejects(put('second', lateType), { code: 'unsupported-media-type' })
  isFull = true
  await assert.rejects(put('second'), { code: 'storage-full' })
  assert.equal(await text(), 'first')
  assert.deepEqual(await keys(), before)
  isFull = false
  await put('second')
  assert.equal(await text(), 'second')
  assert.equal((await keys()).length, 1)
})

test('of many uploads to one name at once one is there in the end, and the bytes of one', async t => {
  const { put, keys, text, files, ann, name } = await openFilesRoom(t)
  await Promise.all(Array.from({ length: 12 }, (_, n) => put(`text ${n}`)))
  assert.match(await text(), /^text \d+$/)
  assert.equal((await keys()).length, 1)
  const rivals = Array.from({ length: 6 }, () => put('new', { name: `${name}.2`, upsert: false }))
  const ends = await Promise.allSettled(rivals)
  assert.equal(ends.filter(end => end.status === 'fulfilled').length, 1)
  for (const end of ends) if (end.status === 'rejected') assert.equal(end.reason.code, 'object-exists')
  assert.equal((await keys()).length, 2)
  await files.objects.removeMany(ann, 'reports', [name, `${name}.2`])
  await until(async () => (await keys()).length === 0, 'the bytes are gone')
})

test('what the server stores for a user is theirs, and of no one else', async t => {
  const { files, ann, database } = await openFilesRoom(t)
  const ben = await newCaller(database.system)
  const name = `${ann.userId}/report.pdf`
  await files.objects.putFor(ann.userId, {
    bucket: 'reports',
    name,
    source: Readable.from(['pdf']),
    contentType: 'application/pdf',
    upsert: true,
  })
  assert.equal((await files.objects.info(ann, 'reports', name)).object.owner_id, ann.userId)
  await assert.rejects(files.objects.info(ben, 'reports', name), { code: 'object-not-found' })
  await assert.rejects(files.objects.info(anonymousCaller, 'reports', name), { code: 'unauthenticated' })
  await assert.rejects(files.objects.authorizeWrite(ben, 'reports', name, { upsert: true }), {
    code: 'forbidden',
  })
  const { token } = await files.links.signDownload(ann, 'reports', name, 60)
  assert.equal(files.links.verify(token, 'download', 'reports', name).owner, null)
})

test('an administrator who removes or replaces the file of a user leaves one entry in the audit log for each act', async t => {
  const { files, put, name, database } = await openFilesRoom(t)
  const admin = await newCaller(database.system, 'admin')
  await put('mine')
  await put('mine again')
  const replace = { bucket: 'reports', name, contentType: 'text/plain', upsert: true }
  await files.objects.put(admin, { ...replace, source: Readable.from(['theirs']) })
  await put('x', { name: `${name}.2` })
  await files.objects.removeMany(admin, 'reports', [`${name}.2`])
  await files.buckets.create(admin, {
    id: 'b',
    public: false,
    file_size_limit: null,
    allowed_mime_types: null,
  })
  const { rows } = await sql<{ action: string; actor_id: string }>`
    select action, actor_id from audit_entries order by seq`.execute(database.system)
  assert.deepEqual(rows, [
    { action: 'object-replace', actor_id: admin.userId },
    { action: 'object-remove', actor_id: admin.userId },
    { action: 'bucket-create', actor_id: admin.userId },
  ])
})

test('a file that an administrator replaces stays the user’s, and stays when the administrator goes', async t => {
  const { files, put, text, name, ann, database } = await openFilesRoom(t)
  const admin = await newCaller(database.system, 'admin')
  await put('mine')
  const replacement = { bucket: 'reports', name, contentType: 'text/plain', upsert: true }
  const replaced = await files.objects.put(admin, { ...replacement, source: Readable.from(['theirs']) })
  assert.equal(replaced.owner_id, ann.userId)
  await files.objects.copy(admin, {
    bucket: 'reports',
    name,
    toBucket: 'reports',
    toName: name,
    upsert: true,
  })
  await sql`delete from users where id = ${admin.userId}`.execute(database.system)
  assert.equal(await text(), 'theirs')

  const given = `${ann.userId}/given.txt`
  const giver = await newCaller(database.system, 'admin')
  await files.objects.put(giver, { ...replacement, name: given, source: Readable.from(['given']) })
  assert.equal((await put('mine now', { name: given })).owner_id, ann.userId)
})

test('a link to store by of a user who is gone is refused before a byte is read, and names the reason', async t => {
  const { files, put, name, ann, database, keys } = await openFilesRoom(t)
  const ben = await newCaller(database.system)
  const upload = { bucket: 'reports', name: `${ben.userId}/a`, contentType: 'text/plain', upsert: true }
  // Reads until the user is gone, then ends: whoever goes in the middle of an upload.
  async function* untilGone() {
    yield Buffer.from('half')
    await sql`delete from users where id = ${ben.userId}`.execute(database.system)
  }
  const isGone = { code: 'forbidden', message: /is not here any more/ }
  await assert.rejects(
    files.objects.putFor(ben.userId, { ...upload, source: Readable.from(untilGone()) }),
    isGone,
  )
  assert.deepEqual(await keys(), [])
  const unread = Readable.from(['never read'])
  await assert.rejects(files.objects.putFor(ben.userId, { ...upload, source: unread }), isGone)
  assert.equal(unread.readableDidRead, false)
  await assert.rejects(files.objects.authorizeFor(ben.userId, 'reports', name, { upsert: true }), isGone)
  await put('there')
  await files.objects.authorizeFor(ann.userId, 'reports', name, { upsert: true })
})

test('a copy takes the new bytes when the object is replaced under it, and says so when they are gone', async t => {
  let beforeCopy = async () => {}
  const { files, put, text, name, ann, store } = await openFilesRoom(t, folder => ({
    async copy(from, to) {
      await beforeCopy()
      beforeCopy = async () => {}
      return folder.copy(from, to)
    },
  }))
  const copy = { bucket: 'reports', name, toBucket: 'reports', toName: `${name}.copy`, upsert: true }
  await put('old')
  beforeCopy = async () => void (await put('new'))
  await files.objects.copy(ann, copy)
  assert.equal(await text(copy.toName), 'new')
  const { object } = await files.objects.info(ann, 'reports', name)
  await store.remove(`objects/${object.version}`)
  await assert.rejects(files.objects.copy(ann, copy), { code: 'object-bytes-missing' })
})

test('an upload whose stored pieces cannot be found may be tried again, and is not answered as unknown', async t => {
  const { files, ann, name, store } = await openFilesRoom(t)
  const draft = {
    bucket: 'reports',
    name,
    contentType: null,
    cacheControl: null,
    userMetadata: null,
    upsert: true,
  }
  const { id } = await files.resumable.create({ caller: ann }, { ...draft, totalBytes: 4 })
  await files.resumable.append({ caller: ann }, id, {
    startByte: 0,
    source: Readable.from([Buffer.from('ab')]),
  })
  for await (const { key } of store.list(`uploads/${id}/`)) await store.remove(key)
  const last = { startByte: 2, source: Readable.from([Buffer.from('cd')]) }
  await assert.rejects(files.resumable.append({ caller: ann }, id, last), { code: 'storage-unavailable' })
})

test('of names to remove those that no object can have are passed over, and the others removed', async t => {
  const { files, put, ann, name } = await openFilesRoom(t)
  await put('mine')
  const removed = await files.objects.removeMany(ann, 'reports', ['', 'a\0b', 'naïve', '../x', name])
  assert.deepEqual(
    removed.map(object => object.name),
    [name],
  )
})

test('removing is answered before the storage has removed the bytes, and a stop waits for them', async t => {
  let release = () => {}
  const storage = new Promise<void>(resolve => {
    release = resolve
  })
  const { files, put, keys, ann, name, database } = await openFilesRoom(t, folder => ({
    async remove(key) {
      await storage
      await folder.remove(key)
    },
  }))
  const names = Array.from({ length: 20 }, (_, n) => `${name}.${n}`)
  for (const each of names) await put('x', { name: each })
  assert.equal((await files.objects.removeMany(ann, 'reports', names.slice(0, 15))).length, 15)
  const admin = await newCaller(database.system, 'admin')
  await files.buckets.empty(admin, 'reports')
  assert.equal((await keys()).length, 20)
  let isClosed = false
  const closed = files.close(30_000).then(() => {
    isClosed = true
  })
  await files.buckets.get(admin, 'reports')
  assert.equal(isClosed, false)
  release()
  await closed
  assert.deepEqual(await keys(), [])
})
