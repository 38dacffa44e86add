import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { openStorage, send } from './storage-requests.ts'

/** A user whose plan has room for so many bytes of files. */
async function openWithRoom(t: TestContext, bytes: number) {
  const storage = await openStorage(t)
  const { house, user, authorization } = storage
  const db = house.ground.database.system
  await sql`update plans set max_file_bytes = ${bytes} where name = 'free'`.execute(db)
  await sql`update users set plan = 'free' where id = ${user.id}`.execute(db)
  const stored = async () => {
    const { rows } = await sql<{ count: number; bytes: number }>`
      select count(*)::integer as count, coalesce(sum(size_bytes), 0)::integer as bytes from objects
      where owner_id = ${user.id}`.execute(db)
    return rows[0]
  }
  const begin = (name: string, length: number) => {
    const words = { bucketName: 'docs', objectName: `${user.id}/${name}`, contentType: 'text/plain' }
    const metadata = Object.entries(words).map(
      ([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`,
    )
    return send(house, 'POST', '/storage/v1/upload/resumable', {
      headers: {
        authorization,
        'tus-resumable': '1.0.0',
        'upload-length': String(length),
        'upload-metadata': metadata.join(','),
      },
    })
  }
  return { ...storage, stored, begin }
}

test('uploads at once never pass the bytes of the plan, and what is refused leaves nothing', async t => {
  const { house, put, stored } = await openWithRoom(t, 2500)
  const replies = await Promise.all(
    Array.from({ length: 6 }, (_, index) => put(`${index}.txt`, 'x'.repeat(1000))),
  )
  assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 200, 400, 400, 400, 400])
  for (const { status, text } of replies)
    if (status === 400) assert.match(text, /"statusCode":"403".*The plan has room for/)
  assert.deepEqual(await stored(), { count: 2, bytes: 2000 })
  let files = 0
  for await (const _file of house.ground.files.list('objects/')) files += 1
  assert.equal(files, 2)
})

test('an object that is replaced or removed gives its room back, and a plan may be changed', async t => {
  const { house, user, authorization, put } = await openWithRoom(t, 1000)
  const path = `/storage/v1/object/docs/${user.id}/a.txt`
  assert.equal((await put('a.txt', 'x'.repeat(900))).status, 200)
  assert.equal((await put('b.txt', 'x'.repeat(101))).status, 400)
  const replaced = await send(house, 'PUT', path, { headers: { authorization }, body: 'y'.repeat(1000) })
  assert.equal(replaced.status, 200)
  assert.equal((await send(house, 'DELETE', path, { headers: { authorization } })).status, 200)
  assert.equal((await put('b.txt', 'x'.repeat(1000))).status, 200)
  const change = await house.fetch('/api/v1/admin/plans/free', {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ max_file_bytes: null }),
  })
  assert.equal(change.status, 200)
  assert.equal((await put('c.txt', 'x'.repeat(5000))).status, 200)
})

test('uploads in pieces take their announced bytes at once, and use the plan to its last byte', async t => {
  const { house, authorization, begin, put, stored } = await openWithRoom(t, 1000)
  const first = await begin('a.txt', 1000)
  assert.equal(first.status, 201)
  assert.equal((await begin('b.txt', 1)).status, 403)
  const address = new URL(String(first.headers.location), house.url).pathname
  const sent = await send(house, 'PATCH', address, {
    headers: {
      authorization,
      'tus-resumable': '1.0.0',
      'upload-offset': '0',
      'content-type': 'application/offset+octet-stream',
    },
    body: 'x'.repeat(1000),
  })
  assert.equal(sent.status, 204)
  assert.deepEqual(await stored(), { count: 1, bytes: 1000 })
  assert.equal((await put('c.txt', 'x')).status, 400)
})

test('one user may have up to a hundred uploads in pieces that are not complete', async t => {
  const { begin } = await openWithRoom(t, 1000)
  const replies = []
  for (let index = 0; index < 101; index += 1) replies.push(await begin(`${index}.txt`, 1))
  assert.deepEqual(new Set(replies.slice(0, 100).map(({ status }) => status)), new Set([201]))
  assert.equal(replies[100]?.status, 403)
  assert.match(replies[100]?.text ?? '', /100 uploads that have not been completed/)
})
