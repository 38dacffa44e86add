import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { Problem } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { serviceCaller } from '../../accounts/caller.ts'
import { openFolderStore } from '../../adapters/files/folder.ts'
import { createIds } from '../../kit/ids.ts'
import { silentLog } from '../../kit/log.ts'
import { newCaller } from '../../testing/callers.ts'
import { openTestDatabase } from '../../testing/open-test-database.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { turnedClock } from '../../testing/turned-clock.ts'
import { until } from '../../testing/until.ts'
import { createResumable } from './resumable.ts'
import type { ResumableTables } from './store.ts'
import type { ResumableTarget } from './target.ts'

const file = { after }
const { database } = await openTestDatabase<ResumableTables>(file, { max: 6, systemMax: 4 })
const folder = await temporaryFolder(file)
const files = await openFolderStore({ folder })
const clock = turnedClock(Date.now())
const [ann, bob] = [await newCaller(database.system), await newCaller(database.system)]
const annWrites = { caller: ann }
const pieceBytes = 16 * 1024 * 1024

/** Objects by bucket and name; the bytes of each put are read whole, as by a store. */
const objects = new Map<string, { bytes: Buffer; ownerId: string | null; upsert: boolean }>()
let puts = 0
const target: ResumableTarget = {
  readToken(token, bucket, name) {
    if (token !== `${bucket}/${name}`) throw new Problem('forbidden', 'The token is for another object.')
    return { ownerId: bob.userId, upsert: true }
  },
  async authorize(rights, { bucket }, sizeBytes) {
    if ('caller' in rights && bucket === 'closed') throw new Problem('forbidden', 'The bucket is closed.')
    if (sizeBytes > 40_000_000) throw new Problem('payload-too-large', 'The bucket takes up to 40 MB.')
    return { maxBytes: 40_000_000 }
  },
  async put(rights, { bucket, name, upsert }, source, { alongside }) {
    puts++
    const bytes = await buffer(source)
    const who = 'caller' in rights ? rights.caller : serviceCaller('test')
    await database.as(who, alongside)
    const ownerId = 'caller' in rights ? rights.caller.userId : rights.ownerId
    objects.set(`${bucket}/${name}`, { bytes, ownerId, upsert })
  },
}
const replica = () => createResumable({ database, files, target, ids: createIds(), clock, log: silentLog })
const { create, find, append, cancel, sweep } = replica()

const draft = (name: string) => ({
  bucket: 'films',
  name,
  contentType: 'video/mp4',
  cacheControl: null,
  userMetadata: { take: 1 },
  upsert: false,
})
/** Of a length that fits into no other, so that bytes in the wrong place show. */
const pattern = Uint8Array.from({ length: 251 }, (_, index) => index)
const bytes = (size: number) => Buffer.alloc(size, pattern)
const stream = (from: Buffer) => Readable.from([from], { objectMode: false })

async function pieceKeys(id = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of files.list(`uploads/${id}`)) keys.push(key)
  return keys
}

test('what comes in pieces is the object at the end, once, and the pieces are gone', async () => {
  const whole = bytes(100_000)
  const { id, receivedBytes } = await create(annWrites, { ...draft('whole'), totalBytes: 100_000 })
  assert.equal(receivedBytes, 0)
  for (const start of [0, 40_000, 80_000]) {
    assert.equal(objects.has('films/whole'), false)
    const piece = whole.subarray(start, start + 40_000)
    const upload = await append(annWrites, id, { startByte: start, source: stream(piece) })
    assert.equal(upload.receivedBytes, start + piece.length)
  }
  assert.deepEqual(objects.get('films/whole'), { bytes: whole, ownerId: ann.userId, upsert: false })
  assert.deepEqual(await pieceKeys(), [])
  assert.equal((await find(annWrites, id)).receivedBytes, 100_000)
  assert.equal(puts, 1)
})

test('a source that breaks off leaves what had come, and the upload goes on there', async () => {
  const whole = bytes(50_000)
  const { id } = await create(annWrites, { ...draft('broken'), totalBytes: 50_000 })
  const source = new PassThrough()
  const appended = append(annWrites, id, { startByte: 0, source, sizeBytes: 50_000 })
  source.write(whole.subarray(0, 20_000))
  await until(() => source.readableLength === 0, 'the store has read what was written')
  source.destroy(new Error('connection lost'))
  assert.equal((await appended).receivedBytes, 20_000)
  await append(annWrites, id, { startByte: 20_000, source: stream(whole.subarray(20_000)) })
  assert.ok(objects.get('films/broken')?.bytes.equals(whole))
})

test('a long body is kept piece by piece while it still comes', async () => {
  const whole = bytes(2 * pieceBytes + 5)
  const { id } = await create(annWrites, { ...draft('long'), totalBytes: whole.length })
  await append(annWrites, id, { startByte: 0, source: stream(whole.subarray(0, pieceBytes + 3)) })
  const sizes = (await pieceKeys(id)).map(key => Number(key.split('/')[2]?.split('-')[0])).sort()
  assert.deepEqual(sizes, [0, pieceBytes])
  await append(annWrites, id, { startByte: pieceBytes + 3, source: stream(whole.subarray(pieceBytes + 3)) })
  assert.ok(objects.get('films/long')?.bytes.equals(whole))
})

test('of two appends at once on two replicas exactly one counts', async () => {
  const other = replica()
  const whole = bytes(30_000)
  const { id } = await create(annWrites, { ...draft('race'), totalBytes: 30_000 })
  const sources = [new PassThrough(), new PassThrough()]
  const appends = [append, other.append].map((start, index) =>
    start(annWrites, id, { startByte: 0, source: sources[index] ?? stream(whole), sizeBytes: 15_000 }),
  )
  for (const source of sources) source.write(whole.subarray(0, 10_000))
  for (const source of sources) source.end(whole.subarray(10_000, 15_000))
  const outcomes = await Promise.allSettled(appends)
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  const refused = outcomes.find(outcome => outcome.status === 'rejected')
  assert.equal(refused?.reason.code, 'conflict')
  assert.equal((await find(annWrites, id)).receivedBytes, 15_000)
  assert.equal((await pieceKeys(id)).length, 1)
  await append(annWrites, id, { startByte: 15_000, source: stream(whole.subarray(15_000)) })
  assert.ok(objects.get('films/race')?.bytes.equals(whole))
})

test('an upload whose process died before it was put together is completed when asked for, once', async () => {
  const whole = bytes(9000)
  const { id } = await create(annWrites, { ...draft('died'), totalBytes: 9000 })
  await append(annWrites, id, { startByte: 0, source: stream(whole.subarray(0, 5000)) })
  await files.put(`uploads/${id}/last`, stream(whole.subarray(5000)), { maxBytes: 9000 })
  await sql`insert into resumable_pieces values (${id}, 5000, 4000, ${`uploads/${id}/last`})`.execute(
    database.system,
  )
  await sql`update resumable_uploads set received_bytes = 9000 where id = ${id}`.execute(database.system)

  const asked = await Promise.all([
    find(annWrites, id),
    find(annWrites, id),
    replica().find(annWrites, id),
    replica().find(annWrites, id),
  ])
  assert.deepEqual(
    asked.map(({ receivedBytes }) => receivedBytes),
    [9000, 9000, 9000, 9000],
  )
  assert.ok(objects.get('films/died')?.bytes.equals(whole))
  objects.delete('films/died')
  await find(annWrites, id)
  assert.equal(objects.has('films/died'), false, 'it is not completed a second time')
})

test('a start elsewhere than at the end is refused and changes nothing', async () => {
  const { id } = await create(annWrites, { ...draft('start'), totalBytes: 100 })
  await append(annWrites, id, { startByte: 0, source: stream(bytes(50)) })
  for (const startByte of [0, 49, 51, 100])
    await assert.rejects(append(annWrites, id, { startByte, source: stream(bytes(10)) }), {
      code: 'conflict',
      message: new RegExp(`${startByte}.*50 bytes`),
    })
  assert.equal((await find(annWrites, id)).receivedBytes, 50)
})

test('no more bytes are taken than were announced or may be', async () => {
  const { id } = await create(annWrites, { ...draft('size'), totalBytes: 100 })
  const tooLarge = { code: 'payload-too-large' }
  await assert.rejects(append(annWrites, id, { startByte: 0, source: stream(bytes(101)) }), tooLarge)
  const unread = stream(bytes(1))
  await assert.rejects(append(annWrites, id, { startByte: 0, source: unread, sizeBytes: 101 }), tooLarge)
  assert.equal(unread.readableDidRead, false)
  assert.equal((await find(annWrites, id)).receivedBytes, 0)
  assert.deepEqual(await pieceKeys(id), [])
  await assert.rejects(create(annWrites, { ...draft('huge'), totalBytes: 40_000_001 }), tooLarge)
  await assert.rejects(create(annWrites, { ...draft('x'), bucket: 'closed', totalBytes: 1 }), {
    code: 'forbidden',
  })
})

test('a length may be said later, once', async () => {
  const { id } = await create(annWrites, { ...draft('later'), totalBytes: null })
  const first = await append(annWrites, id, { startByte: 0, source: stream(bytes(50)) })
  assert.deepEqual([first.receivedBytes, first.totalBytes], [50, null])
  const end = { startByte: 50, source: stream(bytes(0)) }
  await assert.rejects(append(annWrites, id, { ...end, totalBytes: 49 }), { code: 'conflict' })
  await assert.rejects(append(annWrites, id, { ...end, totalBytes: 40_000_001 }), {
    code: 'payload-too-large',
  })
  assert.equal((await append(annWrites, id, { ...end, totalBytes: 50 })).totalBytes, 50)
  assert.ok(objects.get('films/later')?.bytes.equals(bytes(50)))
  await assert.rejects(append(annWrites, id, { ...end, totalBytes: 51 }), { code: 'conflict' })

  const empty = await create(annWrites, { ...draft('empty'), totalBytes: 0 })
  assert.equal(empty.receivedBytes, 0)
  assert.equal(objects.get('films/empty')?.bytes.length, 0)
})

test('an upload is its owner’s alone; that of a token is for its holder alone', async () => {
  const { id } = await create(annWrites, { ...draft('own'), totalBytes: 100 })
  const signed = await create({ token: 'films/signed' }, { ...draft('signed'), totalBytes: 100 })
  const piece = { startByte: 0, source: stream(bytes(10)) }
  const gone = { code: 'resource-not-found' }
  for (const [writer, upload] of [
    [{ caller: bob }, id],
    [{ token: 'films/own' }, id],
    [{ caller: bob }, signed.id],
    [annWrites, signed.id],
    [{ token: 'films/other' }, signed.id],
  ] as const) {
    await assert.rejects(find(writer, upload), gone)
    await assert.rejects(append(writer, upload, piece), gone)
    await assert.rejects(cancel(writer, upload), gone)
  }
  await assert.rejects(create({ token: 'films/other' }, { ...draft('signed'), totalBytes: 1 }), {
    code: 'forbidden',
  })
  await append({ token: 'films/signed' }, signed.id, { startByte: 0, source: stream(bytes(100)) })
  assert.deepEqual(objects.get('films/signed'), { bytes: bytes(100), ownerId: bob.userId, upsert: true })
})

test('who gives up an upload leaves nothing; a complete one stays', async () => {
  const { id } = await create(annWrites, { ...draft('given-up'), totalBytes: 100 })
  await append(annWrites, id, { startByte: 0, source: stream(bytes(10)) })
  await cancel(annWrites, id)
  assert.deepEqual(await pieceKeys(id), [])
  await assert.rejects(find(annWrites, id), { code: 'resource-not-found' })

  const done = await create(annWrites, { ...draft('done'), totalBytes: 10 })
  await append(annWrites, done.id, { startByte: 0, source: stream(bytes(10)) })
  await assert.rejects(cancel(annWrites, done.id), { code: 'invalid-request' })
  assert.ok(objects.has('films/done'))
})

test('an upload ends an hour after its last piece, and the sweep takes its pieces', async () => {
  const lost = 'uploads/0190a6f0-0000-7000-8000-000000000000/0-lost'
  await files.put(lost, stream(bytes(1)), { maxBytes: 1 })
  await sweep()
  assert.deepEqual(await pieceKeys('0190a6f0-0000-7000-8000-000000000000/'), [lost])
  const { id } = await create(annWrites, { ...draft('slow'), totalBytes: 100 })
  clock.turn(3_599_000)
  await append(annWrites, id, { startByte: 0, source: stream(bytes(10)) })
  clock.turn(3_599_000)
  await sweep()
  assert.equal((await find(annWrites, id)).receivedBytes, 10)
  assert.equal((await pieceKeys(id)).length, 1)
  clock.turn(1000)
  await assert.rejects(find(annWrites, id), { code: 'resource-not-found' })
  await sweep()
  assert.deepEqual(await pieceKeys(), [])
  const { rows } = await sql`select id from resumable_uploads where id = ${id}`.execute(database.system)
  assert.deepEqual(rows, [])
})
