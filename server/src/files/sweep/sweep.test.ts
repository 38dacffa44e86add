import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { newCaller } from '../../testing/callers.ts'
import { type FilesRoom, openFilesRoom } from '../../testing/files-room.ts'
import { testDatabase } from '../../testing/test-database.ts'

const hourMs = 3_600_000
/** Later than an hour after all that a test stores. */
const later = () => Date.now() + hourMs + 1000

async function storeStrays({ store }: FilesRoom, count: number): Promise<void> {
  for (let n = 0; n < count; n++)
    await store.put(`objects/${randomUUID()}`, Readable.from(['stray']), { maxBytes: 100 })
}

const events = ({ lines }: FilesRoom) => [...new Set(lines.map(({ event }) => event))]

test('the sweep removes bytes that no object names after an hour, and reports objects whose bytes are gone', async t => {
  const room = await openFilesRoom(t)
  const { files, store, put, keys, text, lines, database, name } = room
  const kept = await put('kept')
  const lost = await put('lost', { name: `${name}.2` })
  await storeStrays(room, 1)
  await files.sweep(Date.now())
  assert.equal((await keys()).length, 3)
  assert.equal(lines.length, 0)

  await store.remove(`objects/${lost.version}`)
  await sql`update objects set updated_at = now() - interval '1 minute'`.execute(database.system)
  await files.sweep(later())
  assert.deepEqual(await keys(), [`objects/${kept.version}`])
  assert.equal(await text(), 'kept')
  assert.deepEqual(
    lines.map(({ event, fields }) => [event, fields.object]),
    [
      ['file-sweep', undefined],
      ['object-bytes-missing', lost.id],
      ['objects-without-bytes', undefined],
    ],
  )
  await assert.rejects(files.objects.read(lost), { code: 'object-bytes-missing' })
})

test('a server with another database than that of the files removes none of them, and says what to do', async t => {
  const room = await openFilesRoom(t)
  const { files, put, keys, text, lines, store, serve, clock } = room
  assert.equal(await files.ownsStore(), true)
  await put('kept')
  const piece = `uploads/${randomUUID()}/0-piece`
  await store.put(piece, Readable.from(['piece']), { maxBytes: 100 })

  clock.turn(2 * hourMs)
  const other = serve((await testDatabase(t)).appUrl)
  assert.equal(await other.files.ownsStore(), false)
  await other.files.sweep(later())
  // Not only a new one: also one that has files elsewhere.
  await sql`insert into installation (id) values (gen_random_uuid())`.execute(other.database.system)
  await other.files.sweep(later())

  assert.equal((await keys()).length, 1)
  assert.equal(await text(), 'kept')
  await (await store.read(piece)).toArray()
  assert.deepEqual(events(room), ['file-store-foreign'])
  assert.match(String(lines[0]?.fields.detail), /Set DATABASE_URL and FILES_URL to what belongs together/)

  // Its own server goes on as before, after a restart too.
  assert.equal(await files.ownsStore(), true)
  await files.sweep(later())
  await assert.rejects(store.read(piece), { code: 'not-found' })
  assert.equal(await text(), 'kept')
})

test('a database that was restored to an earlier moment loses none of the files stored since', async t => {
  const room = await openFilesRoom(t)
  const { files, keys, lines } = room
  await storeStrays(room, 101)
  await files.sweep(later())
  assert.equal((await keys()).length, 101)
  assert.deepEqual(events(room), ['file-sweep-stop'])
  assert.equal(lines[0]?.fields.unknown, 101)
})

test('what was removed goes however much it is, when its bytes could not be removed at once', async t => {
  let isDown = true
  const room = await openFilesRoom(t, folder => ({
    async remove(key) {
      if (isDown) throw new Problem('storage-unavailable', 'The storage does not answer.')
      await folder.remove(key)
    },
  }))
  const { files, put, keys, name, database, ann } = room
  for (let n = 0; n < 110; n++) await put('x', { name: `${name}.${n}` })
  await put('again', { name: `${name}.0` })
  const left = await put('kept')
  const admin = await newCaller(database.system, 'admin')
  await files.objects.removeMany(ann, 'reports', [`${name}.0`])
  await sql`update objects set bucket_id = 'agent-logos' where id = ${left.id}`.execute(database.system)
  await files.buckets.empty(admin, 'reports')
  await files.close(10_000)
  assert.equal((await keys()).length, 112)
  isDown = false
  await files.sweep(later())
  assert.deepEqual(await keys(), [`objects/${left.version}`])
  await files.sweep(later() + hourMs)
  const { rows } = await sql`select version from removed_versions`.execute(database.system)
  assert.deepEqual(rows, [])
})

test('a storage that does not answer is not taken for one that has lost every file', async t => {
  const room = await openFilesRoom(t, folder => ({
    async read(key, range) {
      if (key.startsWith('objects/')) throw new Problem('storage-unavailable', 'The storage does not answer.')
      return folder.read(key, range)
    },
  }))
  const { files, store, put, database } = room
  const lost = await put('lost')
  await store.remove(`objects/${lost.version}`)
  await sql`update objects set updated_at = now() - interval '1 minute'`.execute(database.system)
  await assert.rejects(files.sweep(later()), { code: 'storage-unavailable' })
  assert.deepEqual(events(room), [])
})
