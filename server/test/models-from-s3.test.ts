import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Model } from '@roundhouse/sdk/contract'
import { createS3Client } from '../src/adapters/files/s3/client.ts'
import { inMemory } from '../src/adapters/files/s3/spool.ts'
import { silentLog } from '../src/kit/log.ts'
import { startFaultyProxy } from '../src/testing/faulty-proxy.ts'
import { denseModel } from '../src/testing/onnx/models.ts'
import { startS3 } from '../src/testing/s3-server.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { spawnCommand } from './command.ts'
import { until } from './processes.ts'
import { type Server, startServer } from './server.ts'

// The server keeps its files in one bucket; the model lies in another of the same storage, 12 MB of it.
const file = { after }
const s3 = await startS3(file)
const proxy = await startFaultyProxy(file, s3.port)
await s3.bucket('house')
const { credentials } = s3
const place = { ...(await s3.bucket('models')), prefix: '' }
const bytes = denseModel()
const sha256 = hashOf(bytes)
await createS3Client({ place, credentials, log: silentLog }).send({
  method: 'PUT',
  key: 'prod/dense.onnx',
  body: inMemory(bytes),
  sha256,
})
const localPath = join(await temporaryFolder(file), 'dense.onnx')
const cwd = await temporaryFolder(file)
const env = {
  DATABASE_URL: (await testDatabase(file)).adminUrl,
  FILES_URL: s3.url('house', proxy.port),
  S3_ACCESS_KEY_ID: credentials.accessKeyId,
  S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  SAMPLE_MODEL: 'false',
  SERVICE_ROLE_KEY: 'k'.repeat(40),
  MODEL_PATH: 'prod/dense.onnx',
  MODEL_LOCAL_PATH: localPath,
}
const isOfModel = (request: string) => request.includes('/models/prod/dense.onnx')

test('a server that is killed in the middle of the download leaves nothing that is used', async () => {
  proxy.cutAfter(1_000_000)
  const dataDir = await temporaryFolder(file)
  const child = spawnCommand(['start'], {
    env: { PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir, ...env },
    cwd,
  })
  const exited = new Promise(resolve => child.once('exit', resolve))
  child.stdout.resume()
  child.stderr.resume()
  await until('three parts came', () => proxy.requests().filter(isOfModel).length > 4, 40_000)
  child.kill('SIGKILL')
  await exited
  proxy.pass()
  const left = await readdir(join(localPath, '..'))
  assert.ok(left.length === 1 && left[0]?.endsWith('.part'), left.join())
  assert.deepEqual(await readdir(join(s3.folder, 'house'), { recursive: true }).then(isStored), [])
})

test('a fresh replica fetches its model through errors and cut connections, part by part, and becomes ready', async context => {
  const from = proxy.requests().length
  let errors = 2
  proxy.answer(request =>
    isOfModel(request) && errors-- > 0 ? { status: 500, code: 'InternalError' } : undefined,
  )
  proxy.cutAfter(5_000_000)
  const server = await startServer(context, { env, cwd })
  assert.equal((await server.call('GET', '/api/v1/ready')).status, 200)
  proxy.pass()
  assert.ok(server.log('model-fetch-retry').length >= 4, 'two errors and two cuts')
  const asked = proxy.requests().slice(from).filter(isOfModel)
  assert.ok(asked.filter(request => request.startsWith('GET')).length >= 3)
  const [line] = server.log('model-fetch')
  assert.deepEqual([line?.size_bytes, line?.sha256], [bytes.byteLength, sha256])
  assert.equal(hashOf(await readFile(localPath)), sha256)
  await checkServes(server)
  await server.stop()
})

test('a replica with an empty disk has it and its copy from the shared storage, and fetches nothing', async context => {
  const from = proxy.requests().length
  const copy = join(await temporaryFolder(context), 'copies', 'dense.onnx')
  const server = await startServer(context, { env: { ...env, MODEL_LOCAL_PATH: copy }, cwd })
  assert.equal((await server.call('GET', '/api/v1/ready')).status, 200)
  assert.equal(server.log('model-fetch-skip')[0]?.reason, 'unchanged')
  const asked = proxy.requests().slice(from).filter(isOfModel)
  assert.deepEqual(
    asked.map(request => request.split(' ')[0]),
    ['HEAD'],
  )
  assert.equal(hashOf(await readFile(copy)), sha256)
  assert.deepEqual(await readdir(join(copy, '..')), ['dense.onnx'])
  await checkServes(server)
  await server.stop()
})

async function checkServes(server: Server): Promise<void> {
  const { body } = await server.call('GET', '/api/v1/models/by-name/dense/versions')
  const versions = body.data as Model[]
  assert.deepEqual(
    versions.map(({ version, file_hash }) => [version, file_hash]),
    [['1', sha256]],
  )
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 1000], data: new Array(1000).fill(0.5) }]
  const reply = await server.call('POST', '/v2/models/dense/infer', { inputs })
  assert.equal(reply.status, 200)
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Files of models, among the names in the bucket of the server. */
function isStored(names: string[]): string[] {
  return names.filter(name => /house\/models\/./.test(name))
}
