import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Model } from '@roundhouse/sdk/contract'
import { fixedModel, identityModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { until } from './processes.ts'
import { type Server, startServer } from './server.ts'

// One installation that is restarted again and again.
const file = { after }
const options = {
  dataDir: await temporaryFolder(file),
  env: { DATABASE_URL: (await testDatabase(file)).adminUrl, REQUIRED_MODELS: 'price', SAMPLE_MODEL: 'false' },
}
let server = await startServer(file, options)
const x = [1, 2, 3, 4]
const infer = { inputs: [{ name: 'x', datatype: 'FP32', shape: [4], data: x }] }
const doubled = [2, 4, 6, 8]

test('without a required model the server lives, is not ready, and says which model is missing', async () => {
  assert.equal((await server.call('GET', '/api/v1/live')).status, 200)
  const reasons = [
    'Required model price does not exist: no version of it, uploaded with the service-role key, is ready.',
  ]
  const { status, headers, body } = await server.call('GET', '/api/v1/ready')
  assert.equal(status, 503)
  assert.ok(Number(headers.get('retry-after')) >= 1)
  assert.deepEqual(body, { ready: false, reasons, degraded: [] })
  for (const path of ['/health', '/api/health']) {
    const health = await server.call('GET', path)
    assert.equal(health.status, 503)
    assert.deepEqual(health.body, { status: 'unavailable', reasons })
  }
})

test('another model does not help; the required one does, as soon as it is uploaded', async () => {
  await server.push('other', identityModel('FP32', [2]))
  assert.equal((await server.call('GET', '/api/v1/ready')).status, 503)
  await server.push('price', fixedModel())
  assert.equal((await server.call('GET', '/api/v1/ready')).status, 200)
  assert.equal((await server.call('GET', '/health')).status, 200)
})

test('who asks without a valid key learns of the required model, and nothing of the private one', async () => {
  const namesFor = async (path: string, headers: Record<string, string>) => {
    const { models } = (await (await fetch(`${server.url}${path}`, { headers })).json()) as {
      models: { name: string }[]
    }
    return models.map(model => model.name).sort()
  }
  // One look serves everyone who asks within a second.
  await until('the models are listed', async () => (await namesFor('/api/v1/health', {})).length > 0)
  for (const path of ['/api/v1/health', '/v2/health/ready?verbose']) {
    assert.deepEqual(await namesFor(path, {}), ['price'], path)
    assert.deepEqual(await namesFor(path, { 'x-api-key': 'not the key' }), ['price'], path)
    assert.deepEqual(await namesFor(path, { 'x-api-key': server.key }), ['other', 'price'], path)
  }
})

test('a broken newer version is refused, and the one before goes on serving', async () => {
  const broken = fixedModel().slice(0, -20)
  const form = new FormData()
  form.set('name', 'price')
  form.set('file', new Blob([broken]), 'model.onnx')
  const refused = await server.fetch('/api/v1/models', { method: 'POST', body: form })
  assert.equal(refused.status, 422)
  assert.equal(JSON.parse(await refused.text()).code, 'invalid-model')
  await checkServes('1')
  const { body } = await server.call('GET', '/api/v1/models/by-name/price/versions')
  assert.deepEqual(
    (body.data as { version: string }[]).map(model => model.version),
    ['1'],
  )
})

test('a required model whose file was damaged keeps the server from ready, with the reason, until it is mended', async () => {
  const path = await fileOf(server, 'price', '1')
  await server.stop()
  await flipByte(path)
  server = await startServer(file, options)

  assert.equal((await server.call('GET', '/api/v1/live')).status, 200)
  const { status, body } = await server.call('GET', '/api/v1/ready')
  assert.equal(status, 503)
  assert.match(
    String(body.reasons),
    /^Required model price@1 failed to load: The stored file of price@1 does not have its recorded sha256/,
  )
  const predicted = await server.call('POST', '/v2/models/price/infer', infer)
  assert.equal(predicted.status, 503)
  assert.match(String(predicted.body.error), /sha256/)
  assert.ok(
    server
      .log('model-load-fail')
      .every(line => line.model === 'price@1' && /sha256/.test(String(line.reason))),
  )

  const failures = server.log('model-load-fail').length
  assert.ok(failures >= 1)
  await until('it tries again by itself', () => server.log('model-load-fail').length > failures)
  await flipByte(path)
  await untilReady()
  await checkServes('1')
})

test('a newer version whose file was damaged leaves the one before serving, ready, and says what is degraded', async () => {
  // The same inputs, other answers: it tells who answers.
  await server.push('price', identityModel('FP32', [4]))
  assert.deepEqual(await answer(), { version: '2', y: x })
  const path = await fileOf(server, 'price', '2')
  await server.stop()
  await flipByte(path)
  server = await startServer(file, options)

  await untilReady()
  await checkServes('1')
  const { body } = await server.call('GET', '/api/v1/ready')
  assert.match(
    String(body.degraded),
    /^model price@2: The stored file of price@2 does not have its recorded sha256/,
  )
  const exact = await server.call('POST', '/v2/models/price/versions/2/infer', infer)
  assert.equal(exact.status, 503, 'who asks for the damaged version gets no other')

  await flipByte(path)
  await until(
    'the newer version serves once it is mended',
    async () => (await answer()).version === '2',
    40_000,
  )
  await server.stop()
})

async function answer(): Promise<{ version: unknown; y: number[] }> {
  const { status, body } = await server.call('POST', '/v2/models/price/infer', infer)
  assert.equal(status, 200, JSON.stringify(body))
  const outputs = body.outputs as [{ data: number[] }]
  return { version: body.model_version, y: outputs[0].data }
}

async function checkServes(version: string): Promise<void> {
  for (let call = 0; call < 20; call++) assert.deepEqual(await answer(), { version, y: doubled })
}

async function untilReady(): Promise<void> {
  await until('it is ready', async () => (await server.call('GET', '/api/v1/ready')).status === 200, 20_000)
}

/** Found by its sha256, which the version tells. */
async function fileOf(from: Server, name: string, version: string): Promise<string> {
  const { body } = await from.call('GET', `/api/v1/models/by-name/${name}/versions`)
  const model = (body.data as Model[]).find(one => one.version === version)
  const folder = join(options.dataDir, 'files', 'objects')
  for (const entry of await readdir(folder)) {
    const hash = createHash('sha256').update(await readFile(join(folder, entry)))
    if (hash.digest('hex') === model?.file_hash) return join(folder, entry)
  }
  assert.fail(`no file of ${name}@${version} in ${folder}`)
}

async function flipByte(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    const { size } = await handle.stat()
    const byte = new Uint8Array(1)
    await handle.read(byte, 0, 1, size - 3)
    await handle.write(
      byte.map(value => value ^ 1),
      0,
      1,
      size - 3,
    )
  } finally {
    await handle.close()
  }
}
