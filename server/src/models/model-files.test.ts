import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { serviceCaller } from '../accounts/caller.ts'
import { systemClock } from '../kit/clock.ts'
import { newCaller } from '../testing/callers.ts'
import { openModelRooms, refusal } from '../testing/model-rooms.ts'

const { database, system, registry, push } = await openModelRooms({ after })
const service = serviceCaller('test')

async function files(): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from objects where bucket_id = 'models'`.execute(
    database.system,
  )
  return rows.map(row => row.name).sort()
}

async function addObject(name: string, version: string, bucket = 'models'): Promise<void> {
  await sql`
    insert into objects (id, bucket_id, name, version, size_bytes, content_type, cache_control, sha256)
    values (${randomUUID()}, ${bucket}, ${name}, ${version}, 1, 'text/plain', 'no-cache', ${'0'.repeat(64)})`.execute(
    database.system,
  )
}

const row = (name: string, version: string, owner_id: string | null = null) =>
  ({
    id: randomUUID(),
    owner_id,
    name,
    version: '1',
    status: 'uploaded',
    file_key: `objects/${version}`,
    file_hash: '0'.repeat(64),
    file_size_bytes: 1,
  }) as const

test('with a user their models and the files of these are gone from the database, and nothing of others', async () => {
  const [ann, ben] = [await newCaller(database.system), await newCaller(database.system)]
  for (const [caller, name] of [
    [ann, 'a'],
    [ann, 'b'],
    [ben, 'a'],
  ] as const)
    await push(caller, name)
  await registry.create(ann, { name: 'pending' })
  await sql`delete from users where id = ${ann.userId}`.execute(database.system)
  assert.deepEqual(
    (await files()).filter(name => name.includes(ann.userId)),
    [],
  )
  assert.ok((await files()).includes(`registry/${ben.userId}/a/1`))
  const { rows } = await sql`select from models where owner_id = ${ann.userId}`.execute(database.system)
  assert.equal(rows.length, 0)
})

test('a version that is refused because there is one leaves no file, and the one that is there keeps its own', async () => {
  const first = await push(service, 'twin')
  assert.equal((await refusal(() => push(service, 'twin', { version: '1' }))).code, 'model-exists')
  // As two that come at once: the check before has not seen the other.
  assert.equal(await system.insert(row('twin', randomUUID())), null)
  assert.equal((await files()).filter(name => name.startsWith('registry/house/twin')).length, 1)
  assert.deepEqual(await system.byId(first.id), first)
})

test('a version that is given other bytes has one file, and an object that is in the way steps aside', async () => {
  const stray = randomUUID()
  await addObject('registry/house/changed/1', stray)
  const [old, next] = [randomUUID(), randomUUID()]
  const model = await system.insert(row('changed', old))
  const names = async () => (await files()).filter(name => name.includes('/changed/'))
  const aside = `registry/house/changed/1.${stray}`
  assert.deepEqual(await names(), ['registry/house/changed/1', aside])
  await system.update(model?.id ?? '', { file_key: `objects/${next}` })
  assert.deepEqual(await names(), ['registry/house/changed/1', aside])
  const { rows } = await sql<{ version: string }>`
    select version from objects where name = 'registry/house/changed/1'`.execute(database.system)
  assert.deepEqual(rows, [{ version: next }])
  await system.remove(model?.id ?? '')
  assert.deepEqual(await names(), [aside])
})

test('files that lay elsewhere before stay where they are and are no objects', async () => {
  const model = await system.insert({ ...row('old', randomUUID()), file_key: 'models/old' })
  assert.equal(model?.file_key, 'models/old')
  assert.ok(!(await files()).some(name => name.includes('/old/')))
  assert.ok(await system.remove(model.id))
})

test('no SQL with the rights of the server makes the object of someone else the file of a model, or uses the functions of it', async () => {
  const ann = await newCaller(database.system)
  const theirs = randomUUID()
  await addObject('private.txt', theirs, 'reports')
  const steal = row('thief', theirs, ann.userId)
  const insert = database.as(ann, db =>
    sql`
      insert into models (id, owner_id, name, version, status, file_key, file_hash, file_size_bytes)
      values (${steal.id}, ${ann.userId}, 'thief', '1', 'uploaded', ${steal.file_key}, ${steal.file_hash}, 1)`.execute(
      db,
    ),
  )
  await assert.rejects(insert, { code: '23505' })
  const own = await push(ann, 'thief')
  await assert.rejects(
    database.as(ann, db =>
      sql`update models set file_key = ${steal.file_key} where id = ${own.id}`.execute(db),
    ),
    { code: '23505' },
  )
  const { rows } = await sql<{ may: boolean }>`
    select has_function_privilege(oid, 'execute') as may from pg_proc
    where proname in ('add_model_file', 'remove_model_file', 'keep_model_file')`.execute(database.nobody)
  assert.deepEqual(rows, [{ may: false }, { may: false }, { may: false }])
})

test('an upload that is checked for so long that the sweep may have taken its bytes is refused, and nothing is kept', async t => {
  let minutes = 0
  const elapsed = () => {
    minutes += 46
    return minutes * 60_000
  }
  const rooms = await openModelRooms(t, { clock: { ...systemClock, elapsed } })
  const refused = await refusal(() => rooms.push(service, 'slow'))
  assert.deepEqual([refused.code, /45 minutes/.test(refused.message)], ['invalid-model', true])
  assert.deepEqual(await rooms.storedKeys(), [])
  assert.deepEqual(await rooms.system.list({ limit: 1 }), [])
})
