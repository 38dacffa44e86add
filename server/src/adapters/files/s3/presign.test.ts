import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { after, test } from 'node:test'
import { silentLog } from '../../../kit/log.ts'
import { startS3 } from '../../../testing/s3-server.ts'
import { until } from '../../../testing/until.ts'
import { createS3Client } from './client.ts'
import { createPresign } from './presign.ts'
import { inMemory } from './spool.ts'

const server = await startS3({ after })
const { credentials } = server
const link = { contentType: 'text/plain', disposition: undefined, cacheControl: 'no-store' }

test('a link names the bucket as the place does, and holds no secret', async () => {
  const place = await server.bucket('for-clients')
  const endpoint = 'https://files.example.com/s3'
  for (const [pathStyle, start] of [
    [true, 'https://files.example.com/s3/for-clients/house/a?'],
    [false, 'https://for-clients.files.example.com/s3/house/a?'],
  ] as const) {
    const presign = createPresign({ place: { ...place, endpoint, pathStyle }, credentials })
    const { href } = await presign('a', { ...link, expiresInSeconds: 60 })
    assert.ok(href.startsWith(start), href)
    assert.ok(!href.includes(credentials.secretAccessKey))
  }
})

test('a link reads until it ends', async () => {
  const place = await server.bucket('ending')
  const body = Buffer.from('short')
  const client = createS3Client({ place, credentials, log: silentLog })
  await client.send({ method: 'PUT', key: 'a', body: inMemory(body), sha256: hash('sha256', body) })
  const url = await createPresign({ place, credentials })('a', { ...link, expiresInSeconds: 2 })
  const read = async () => {
    const reply = await fetch(url)
    return { status: reply.status, text: await reply.text() }
  }
  assert.deepEqual(await read(), { status: 200, text: 'short' })
  await until(async () => (await read()).status === 403, 'the link ends')
})
