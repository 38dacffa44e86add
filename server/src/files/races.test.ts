import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { openFilesRoom } from '../testing/files-room.ts'
import { until } from '../testing/until.ts'

test('an object that is moved away while its name is stored anew keeps its bytes', async t => {
  const { put, text, name, database, waitsForLock } = await openFilesRoom(t)
  await put('old')
  const { storing } = await database.asSystem(async db => {
    await sql`update objects set name = ${`${name}.kept`} where name = ${name}`.execute(db)
    const storing = put('new')
    await until(waitsForLock, 'the upload waits for the move')
    return { storing }
  })
  await storing
  assert.equal(await text(), 'new')
  assert.equal(await text(`${name}.kept`), 'old')
})

test('of objects that are moved and stored at once each that is there has its bytes, and no others lie about', async t => {
  const { put, text, name, files, ann, keys } = await openFilesRoom(t)
  for (let round = 0; round < 15; round++) {
    const from = `${name}.${round}`
    const to = `${from}.moved`
    await put('first', { name: from })
    const place = { bucket: 'reports', name: from, toBucket: 'reports', toName: to }
    await Promise.all([
      put('second', { name: from }),
      files.objects.move(ann, place),
      put('third', { name: from }),
    ])
    assert.match(await text(to), /^(first|second|third)$/)
    await text(from).catch(error => assert.equal(error.code, 'object-not-found'))
  }
  const found = await files.objects.removeMany(
    ann,
    'reports',
    Array.from({ length: 15 }, (_, round) => [`${name}.${round}`, `${name}.${round}.moved`]).flat(),
  )
  await until(async () => (await keys()).length === 0, 'no bytes are left')
  assert.ok(found.length >= 15)
})

test('removing a name never takes the object that has just been moved away from it', async t => {
  const { put, text, name, files, ann, database, waitsForLock } = await openFilesRoom(t)
  await put('mine')
  const { removing } = await database.asSystem(async db => {
    await sql`update objects set name = ${`${name}.kept`} where name = ${name}`.execute(db)
    const removing = files.objects.removeMany(ann, 'reports', [name])
    await until(waitsForLock, 'the removal waits for the move')
    return { removing }
  })
  assert.deepEqual(await removing, [])
  assert.equal(await text(`${name}.kept`), 'mine')
})
