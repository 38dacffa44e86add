import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { silentLog } from '../../../kit/log.ts'
import { testArtifactSourceContract } from '../../../ports/artifact-source.contract.ts'
import { startS3 } from '../../../testing/s3-server.ts'
import { createS3Artifacts } from './artifacts.ts'
import { createS3Client } from './client.ts'
import { inMemory } from './spool.ts'

testArtifactSourceContract('objects in S3', async scope => {
  const { credentials, bucket } = await startS3(scope)
  // That of the server itself has a prefix, which does not count for others.
  const place = await bucket('house')
  const models = { ...(await bucket('models')), prefix: '' }
  const client = createS3Client({ place: models, credentials, log: silentLog })
  return {
    source: createS3Artifacts({ place, credentials, log: silentLog }),
    async put({ path }, content) {
      const body = Buffer.from(content)
      const sha256 = createHash('sha256').update(body).digest('hex')
      const key = path.split('/').map(encodeURIComponent).join('/')
      await client.send({ method: 'PUT', key, body: inMemory(body), sha256 })
    },
  }
})

test('a wrong secret is told as such, and is no reason to try again', async context => {
  const { credentials, bucket } = await startS3(context)
  const place = await bucket('models')
  const source = createS3Artifacts({
    place,
    credentials: { ...credentials, secretAccessKey: 'hunter2hunter2' },
    log: silentLog,
  })
  const asked = source.stat({ bucket: 'models', path: 'a.onnx' }, new AbortController().signal)
  await assert.rejects(asked, error => {
    assert.ok(error instanceof Error)
    assert.equal(Reflect.get(error, 'code'), 'forbidden')
    assert.match(error.message, /models\/a\.onnx.* Check S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY/)
    assert.doesNotMatch(error.message, /hunter2/)
    return true
  })
})
