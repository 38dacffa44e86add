import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Model } from '@roundhouse/sdk/contract'
import { fixedModel, identityModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { type Server, startServer } from './server.ts'

// One installation that is restarted again and again.
const file = { after }
const dataDir = await temporaryFolder(file)
const cwd = await temporaryFolder(file)
const database = { DATABASE_URL: (await testDatabase(file)).adminUrl, SAMPLE_MODEL: 'false' }
const env = { ...database, MODEL_PATH: 'prod/price.onnx' }
const x = [1, 2, 3, 4]

test('a server whose model is not in the bucket yet lives, and says where it looks', async context => {
  const server = await startServer(context, { dataDir, cwd, env })
  const { status, body } = await server.call('GET', '/api/v1/ready')
  assert.equal(status, 503)
  assert.match(
    String(body.reasons),
    /Model price could not be fetched from .*: There is no object models\/prod\/price\.onnx\. Put it there\./,
  )
  assert.equal((await put(server, fixedModel())).status, 200)
  await server.stop()
})

test('at the next start it is fetched, warm before ready, and answers signed-in users', async context => {
  const server = await startServer(context, { dataDir, cwd, env })
  assert.equal((await server.call('GET', '/api/v1/ready')).status, 200)
  const [line] = server.log('model-fetch')
  assert.equal(line?.model, 'price@1')
  assert.equal(line?.size_bytes, fixedModel().byteLength)
  assert.ok(Number(line?.duration_ms) >= 0)
  const fetched = server.lines().findIndex(text => text.includes('"model-fetch"'))
  const started = server.lines().findIndex(text => text.includes('"server-start"'))
  assert.ok(fetched >= 0 && fetched < started)
  assert.equal(server.log('model-load').length, 1, 'loaded once')
  assert.deepEqual(await answer(server), { version: '1', y: [2, 4, 6, 8] })
  assert.equal((await put(server, identityModel('FP32', [4]))).status, 200)
  await server.stop()
})

test('a changed file is the next version; an unchanged one is not fetched', async context => {
  const changed = await startServer(context, { dataDir, cwd, env })
  assert.deepEqual(await answer(changed), { version: '2', y: x })
  await changed.stop()
  const unchanged = await startServer(context, { dataDir, cwd, env })
  assert.deepEqual(unchanged.log('model-fetch'), [])
  assert.equal(unchanged.log('model-fetch-skip')[0]?.reason, 'unchanged')
  assert.deepEqual(await versions(unchanged), ['2', '1'])
  assert.equal((await put(unchanged, new Uint8Array(2000).fill(7))).status, 200)
  await unchanged.stop()
})

test('a file that is no model leaves the version before serving, ready, and is told', async context => {
  const server = await startServer(context, { dataDir, cwd, env })
  const { status, body } = await server.call('GET', '/api/v1/ready')
  assert.equal(status, 200)
  assert.match(String(body.degraded), /^Model price could not be fetched from /)
  assert.equal(server.log('model-fetch-fail').length, 1)
  assert.deepEqual(await answer(server), { version: '2', y: x })
  assert.deepEqual(await versions(server), ['2', '1'])
  await server.stop()
})

async function put(server: Server, bytes: Uint8Array): Promise<Response> {
  return server.fetch('/storage/v1/object/models/prod/price.onnx', {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', 'x-upsert': 'true' },
    body: new Uint8Array(bytes),
  })
}

async function answer(server: Server): Promise<{ version: unknown; y: number[] }> {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [4], data: x }]
  const { status, body } = await server.call('POST', '/v2/models/price/infer', { inputs })
  assert.equal(status, 200, JSON.stringify(body))
  return { version: body.model_version, y: (body.outputs as [{ data: number[] }])[0].data }
}

async function versions(server: Server): Promise<string[]> {
  const { body } = await server.call('GET', '/api/v1/models/by-name/price/versions')
  return (body.data as Model[]).map(({ version }) => version)
}
