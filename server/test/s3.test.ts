import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startFaultyProxy } from '../src/testing/faulty-proxy.ts'
import { fixedModel } from '../src/testing/onnx/models.ts'
import { startS3 } from '../src/testing/s3-server.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { runCommand } from './command.ts'
import { until } from './processes.ts'
import { startServer, uploadForm } from './server.ts'

// Two replicas on one database and one storage; the second has an empty disk.
const file = { after }
const s3 = await startS3(file)
const proxy = await startFaultyProxy(file, s3.port)
await s3.bucket('shared')
const env = {
  DATABASE_URL: (await testDatabase(file)).adminUrl,
  FILES_URL: s3.url('shared', proxy.port),
  S3_ACCESS_KEY_ID: s3.credentials.accessKeyId,
  S3_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  SAMPLE_MODEL: 'false',
  SERVICE_ROLE_KEY: 'k'.repeat(40),
}
const first = await startServer(file, { env })
const model = await first.push('shared', fixedModel())

test('a model pushed to one replica serves from another with an empty disk, through cut connections', async () => {
  let left = 2
  proxy.answer(request =>
    request.startsWith('GET') && request.includes('/objects/') && left-- > 0 ? 'reset' : undefined,
  )
  const second = await startServer(file, { env: { ...env, REQUIRED_MODELS: 'shared' } })
  assert.ok(left <= 0, 'the download was cut twice')
  proxy.pass()
  assert.equal((await second.call('GET', '/api/v1/ready')).status, 200)
  assert.equal((await second.predict(model.id, { x: [1, 2, 3, 4] })).status, 201)
  const kept = await readdir(join(second.dataDir, 'files-cache'))
  assert.equal(kept.filter(name => name !== '.tmp').length, 1)
  await assert.rejects(readdir(join(second.dataDir, 'files')), { code: 'ENOENT' })
})

test('while the storage is away an upload is answered 503, what is warm predicts, and health says so', async () => {
  proxy.answer(() => 'reset')
  const upload = { method: 'POST', body: uploadForm('lost', fixedModel()) }
  const refused = await first.fetch('/api/v1/models', upload)
  const { code } = (await refused.json()) as { code: unknown }
  assert.equal(refused.status, 503)
  assert.equal(code, 'storage-unavailable')
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  assert.equal((await first.predict(model.id, { x: [1, 2, 3, 4] })).status, 201)
  await until(
    'health tells',
    async () => (await first.call('GET', '/api/v1/health')).body.storage === 'unavailable',
  )
  proxy.pass()
  assert.equal((await first.fetch('/api/v1/models', upload)).status, 201)
  assert.ok(![...first.lines(), first.stderr()].some(line => line.includes(s3.credentials.secretAccessKey)))
})

test('keys that the storage refuses end the start with one sentence and without the secret', async () => {
  const { code, stdout, stderr } = await runCommand(['start'], {
    env: { ...env, PORT: '0', DATA_DIR: await temporaryFolder(file), S3_SECRET_ACCESS_KEY: 'hunter2hunter2' },
  })
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^roundhouse: The storage \(bucket shared at http:\S+\) refuses the signature\. Check S3_SECRET_ACCESS_KEY\.\n$/,
  )
  assert.doesNotMatch(stdout + stderr, /hunter2/)
})
