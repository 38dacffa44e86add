import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { openFolderStore } from '../adapters/files/folder.ts'
import { openDatabase } from '../adapters/postgres/database.ts'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import type { FileStore } from '../ports/file-store.ts'
import { anonymousCaller, newCaller } from '../testing/callers.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { testDatabase } from '../testing/test-database.ts'
import { createFiles } from './files.ts'
import type { FileTables } from './store.ts'

const hourMs = 3_600_000

async function open(t: TestContext, change: (files: FileStore) => Partial<FileStore> = () => ({})) {
  const lines: { event: string; fields: unknown }[] = []
  const note = (event: string, fields: unknown = {}) => void lines.push({ event, fields })
  const log = { debug: note, info: note, warn: note, error: note }
  const { appUrl } = await testDatabase(t)
  const database = openDatabase<FileTables>({
    url: appUrl,
    applicationName: 'files',
    max: 4,
    systemMax: 2,
    log,
  })
  t.after(() => database.close())
  const folder = await openFolderStore({ folder: await temporaryFolder(t) })
  const store = { ...folder, ...change(folder) }
  const files = createFiles({
    database,
    files: store,
    ids: createIds(),
    clock: systemClock,
    log,
    secretKeys: ['s'.repeat(40)],
    maxFileBytes: 1000,
  })
  const ann = await newCaller(database.system)
  const name = `${ann.userId}/a.txt`
  const put = (text: string | Readable, more: object = {}) =>
    files.objects.put(ann, {
      bucket: 'reports',
      name,
      source: typeof text === 'string' ? Readable.from([Buffer.from(text)]) : text,
      contentType: 'text/plain',
      upsert: true,
      ...more,
    })
  async function keys(): Promise<string[]> {
    const found: string[] = []
    for await (const { key } of folder.list('objects/')) found.push(key)
    return found
  }
  async function text(): Promise<string> {
    const { stream } = await files.objects.open(ann, 'reports', name)
    return Buffer.concat(await stream.toArray()).toString()
  }
  return { database, files, store: folder, ann, name, put, keys, text, lines }
}

test('an upload that breaks off, is too large or finds the disk full leaves what was there and nothing else', async t => {
  let isFull = false
  const { put, keys, text } = await open(t, files => ({
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
  const { put, keys, text, files, ann, name } = await open(t)
  await Promise.all(Array.from({ length: 12 }, (_, n) => put(`text ${n}`)))
  assert.match(await text(), /^text \d+$/)
  assert.equal((await keys()).length, 1)
  const rivals = Array.from({ length: 6 }, () => put('new', { name: `${name}.2`, upsert: false }))
  const ends = await Promise.allSettled(rivals)
  assert.equal(ends.filter(end => end.status === 'fulfilled').length, 1)
  for (const end of ends) if (end.status === 'rejected') assert.equal(end.reason.code, 'object-exists')
  assert.equal((await keys()).length, 2)
  await files.objects.removeMany(ann, 'reports', [name, `${name}.2`])
  assert.deepEqual(await keys(), [])
})

test('what the server stores for a user is theirs, and of no one else', async t => {
  const { files, ann, database } = await open(t)
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
  const { files, put, name, database } = await open(t)
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

test('the sweep removes bytes that no object names after an hour, and reports objects whose bytes are gone', async t => {
  const { files, store, put, keys, text, lines, database, name } = await open(t)
  const kept = await put('kept')
  const lost = await put('lost', { name: `${name}.2` })
  const orphan = 'objects/0190a6f0-0000-7000-8000-000000000000'
  await store.put(orphan, Readable.from(['orphan']), { maxBytes: 100 })
  await files.sweep(Date.now())
  assert.equal((await keys()).length, 3)
  assert.deepEqual(lines, [])

  await store.remove(`objects/${lost.version}`)
  await sql`update objects set updated_at = now() - interval '1 minute'`.execute(database.system)
  await files.sweep(Date.now() + hourMs)
  assert.deepEqual(await keys(), [`objects/${kept.version}`])
  assert.equal(await text(), 'kept')
  assert.deepEqual(
    lines.map(({ event, fields }) => [event, (fields as { object?: string }).object]),
    [
      ['file-sweep', undefined],
      ['object-bytes-missing', lost.id],
      ['objects-without-bytes', undefined],
    ],
  )
  await assert.rejects(files.objects.read(lost), { code: 'object-bytes-missing' })
})
