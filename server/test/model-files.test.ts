import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { StorageClient } from '@supabase/storage-js'
import { sql } from 'kysely'
import { serviceCaller } from '../src/accounts/caller.ts'
import { type TestHouse, testHouse, testKey } from '../src/testing/house.ts'
import { mlpModel } from '../src/testing/onnx/models.ts'

const file = mlpModel({ inputs: 3, hidden: 4, outputs: 2, seed: 1 })
const sha256 = createHash('sha256').update(file).digest('hex')
const x = [[1, 2, 3]]

function form(name: string): RequestInit {
  const body = new FormData()
  body.set('name', name)
  body.set('file', new Blob([file as Uint8Array<ArrayBuffer>]), 'model.onnx')
  return { method: 'POST', body }
}

async function open(t: TestContext) {
  const house = await testHouse(t)
  const owner = await house.user()
  const client = (key: string) =>
    new StorageClient(`${house.url}/storage/v1`, { Authorization: `Bearer ${key}` })
  const reply = await owner.fetch('/api/v1/models', form('price'))
  const { id } = (await reply.json()) as { id: string }
  assert.equal(reply.status, 201)
  return { house, owner, client, service: client(testKey), id, name: `registry/${owner.id}/price/1` }
}

/** `status code sentence` */
function refusal({ error }: { error: unknown }): string {
  assert(error instanceof Error)
  const { statusCode } = error as Error & { statusCode: string }
  return `${statusCode} ${error.message}`
}

const storedKeys = (house: TestHouse) => readdir(join(house.dataDir, 'files', 'objects'))

async function objectsOf(house: TestHouse): Promise<unknown[]> {
  const { rows } = await sql`select * from objects order by bucket_id, name`.execute(
    house.ground.database.system,
  )
  return rows
}

test('the file of a model is in the bucket models for the service-role key alone, byte for byte, and goes with the version', async t => {
  const { house, owner, client, service, id, name } = await open(t)
  const listed = await service.from('models').list(`registry/${owner.id}/price`)
  assert.deepEqual(
    listed.data?.map(entry => [entry.name, entry.metadata?.size, entry.metadata?.mimetype]),
    [['1', file.byteLength, 'application/octet-stream']],
  )
  const info = await service.from('models').info(name)
  assert.deepEqual(
    [info.data?.size, info.data?.etag, info.data?.cacheControl],
    [file.byteLength, `"${sha256}"`, 'no-cache'],
  )
  const { data } = await service.from('models').download(name)
  assert.deepEqual(Buffer.from((await data?.arrayBuffer()) ?? new ArrayBuffer()), file)

  const other = await house.user()
  for (const { key } of [owner, other]) {
    const theirs = client(key).from('models')
    assert.match(refusal(await theirs.info(name)), /^404 /)
    assert.match(refusal(await theirs.list(`registry/${owner.id}/price`)), /^404 /)
    assert.match(refusal(await theirs.remove([name])), /^404 /)
    assert.notEqual((await theirs.download(name)).error, null)
  }
  assert.notEqual((await house.anonymous(`/storage/v1/object/models/${name}`)).status, 200)

  assert.equal((await owner.fetch(`/api/v1/models/${id}`, { method: 'DELETE' })).status, 204)
  assert.match(refusal(await service.from('models').info(name)), /^404 /)
  assert.deepEqual(await objectsOf(house), [])
  assert.deepEqual(await storedKeys(house), [])
})

test('an upload in steps makes the file an object too, and one of the house is under its own folder', async t => {
  const { house, service } = await open(t)
  const draft = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"name":"steps"}' }
  const { id } = (await (await house.fetch('/api/v1/models', draft)).json()) as { id: string }
  const name = 'registry/house/steps/1'
  assert.match(refusal(await service.from('models').info(name)), /^404 /)
  assert.equal((await house.fetch(`/api/v1/models/${id}/upload`, form('unused'))).status, 400)
  const body = new FormData()
  body.set('file', new Blob([file as Uint8Array<ArrayBuffer>]), 'model.onnx')
  assert.equal((await house.fetch(`/api/v1/models/${id}/upload`, { method: 'POST', body })).status, 200)
  assert.equal((await service.from('models').info(name)).data?.etag, `"${sha256}"`)
})

test('through the storage nobody removes, replaces, moves or empties away the file of a model: it is refused and all is as it was', async t => {
  const { house, owner, service, id, name } = await open(t)
  const models = service.from('models')
  assert.equal((await models.upload('mine.bin', new Blob(['mine']))).error, null)
  const [before, keys] = [await objectsOf(house), await storedKeys(house)]
  assert.equal(before.length, 2)
  const single = await house.fetch(`/storage/v1/object/models/${name}`, { method: 'DELETE' })
  const { statusCode, message } = (await single.json()) as Record<string, string>
  const acts: [string, string][] = [
    ['remove', `${statusCode} ${message}`],
    ['remove some', refusal(await models.remove(['mine.bin', name]))],
    ['empty', refusal(await service.emptyBucket('models'))],
    ['upsert', refusal(await models.upload(name, new Blob(['other']), { upsert: true }))],
    ['update', refusal(await models.update(name, new Blob(['other'])))],
    ['copy', refusal(await models.copy('mine.bin', name).then(overwritten(house, name)))],
    ['move', refusal(await models.move(name, 'elsewhere'))],
    ['move out', refusal(await models.move(name, 'elsewhere', { destinationBucket: 'agent-logos' }))],
  ]
  for (const [act, said] of acts)
    assert.match(said, /^409 .*is the file of a model version; remove the version instead/, act)
  const bucket = await house.fetch('/storage/v1/bucket/models', { method: 'DELETE' })
  assert.match(((await bucket.json()) as { message: string }).message, /the server's own/)
  assert.deepEqual(await objectsOf(house), before)
  assert.deepEqual((await storedKeys(house)).sort(), keys.sort())
  const { rows } =
    await sql`select from audit_entries where action like 'object-%' or action = 'bucket-empty'`.execute(
      house.ground.database.system,
    )
  assert.equal(rows.length, 0)
  const predict = await owner.fetch(`/api/v1/models/${id}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input_data: { x } }),
  })
  assert.equal(predict.status, 201)
  assert.equal((await models.remove(['mine.bin'])).error, null)
})

/** The client has no copy that replaces: asked by hand. */
function overwritten(house: TestHouse, name: string) {
  return async (plain: { error: unknown }) => {
    assert.match(refusal(plain), /^409 .*already/)
    const reply = await house.fetch('/storage/v1/object/copy', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-upsert': 'true' },
      body: JSON.stringify({ bucketId: 'models', sourceKey: 'mine.bin', destinationKey: name }),
    })
    const { statusCode, message } = (await reply.json()) as Record<string, string>
    return { error: Object.assign(new Error(message), { statusCode }) }
  }
}

test('an upload whose row never came goes with the sweep after an hour, the files of models stay', async t => {
  const { house } = await open(t)
  const kept = await storedKeys(house)
  await house.house.registry.receive(serviceCaller('test'), Readable.from(['bytes']))
  await house.house.files.sweep(Date.now())
  assert.equal((await storedKeys(house)).length, kept.length + 1)
  await house.house.files.sweep(Date.now() + 3_700_000)
  assert.deepEqual(await storedKeys(house), kept)
})
