import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { sample } from '../sample/sample.ts'
import { mlpModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { runCommand, spawnCommand } from './command.ts'
import { onLinux, postmastersOf, until } from './processes.ts'
import { type Server, startServer } from './server.ts'

// One folder lives through this file, as a newcomer's does.
const file = { after }
const dataDir = await temporaryFolder(file)
let server: Server = await startServer(file, { dataDir })
const first = server

test('the line that the first start prints can be pasted into a shell, and reads the digit', async () => {
  await until('the welcome is printed', () => first.lines().some(line => line.includes('curl -s ')))
  const line = first.lines().find(candidate => candidate.includes('curl -s ')) ?? ''
  const text = await paste(line.trim())
  const { output_data } = JSON.parse(text)
  assert.deepEqual(output_data.digit, [sample.exampleDigit])
  const [probabilities] = output_data.probabilities
  assert.equal(probabilities.indexOf(Math.max(...probabilities)), sample.exampleDigit)
})

test('the welcome names the address, the data folder, the documentation and what is loaded', async () => {
  const welcome = first
    .lines()
    .filter(line => !line.startsWith('{'))
    .join('\n')
  assert.match(welcome, new RegExp(`ready at http://localhost:${first.port}\n`))
  assert.ok(welcome.includes(`Data       ${dataDir}\n`), welcome)
  assert.match(welcome, /API docs\s+http:\S+\/docs\n/)
  assert.match(welcome, /Models\s+digits@1\n/)
  assert.equal((await fetch(`${first.url}/docs`)).status, 200)
})

test('the key is kept for its owner alone, and no log line holds it', async () => {
  const path = join(dataDir, 'service-role-key')
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal((await readFile(path, 'utf8')).trim(), first.key)
  assert.ok(first.key.length >= 43)
  assert.equal((await first.call('GET', '/api/v1/models')).status, 200)
  assert.equal(
    (await first.fetch('/api/v1/models', { headers: { authorization: `Bearer ${first.key}x` } })).status,
    401,
  )
  await until('the refused request is logged', () =>
    first.log('request-end').some(line => line.status === 401),
  )
  for (const line of first.log())
    assert.ok(!JSON.stringify(line).includes(first.key.slice(3)), JSON.stringify(line))
})

test('an own model is uploaded in one call and predicts through both APIs alike', async () => {
  const model = await server.push('own', mlpModel({ inputs: 4, hidden: 8, outputs: 3, seed: 1 }))
  assert.equal(model.status, 'ready')
  assert.equal(model.version, '1')
  assert.match(model.file_hash ?? '', /^[0-9a-f]{64}$/)
  const row = [0.1, 0.2, 0.3, 0.4]
  const ours = await server.predict(model.id, { x: [row] })
  assert.equal(ours.status, 201)
  const theirs = await server.call('POST', '/v2/models/own/infer', {
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: row }],
  })
  assert.equal(theirs.status, 200)
  const outputs = theirs.body.outputs as [{ name: string; shape: number[]; data: number[] }]
  assert.deepEqual(outputs[0].shape, [1, 3])
  assert.deepEqual((ours.body.output_data as { y: number[][] }).y, [outputs[0].data])
  assert.ok(Math.abs(outputs[0].data.reduce((sum, value) => sum + value, 0) - 1) < 1e-5)
})

test('a second server on the same folder refuses in one sentence that names the first', async () => {
  const { code, stderr } = await runCommand(['start'], { env: { PORT: '0', DATA_DIR: dataDir } })
  assert.equal(code, 1)
  assert.equal(
    stderr,
    `roundhouse: Roundhouse is already running on ${dataDir} (pid ${server.pid}). Stop it, or set DATA_DIR to another folder.\n`,
  )
  assert.equal((await server.call('GET', '/api/v1/ready')).status, 200)
})

test('a second start is faster, finds its data and keeps its key', async () => {
  const { body } = await server.call('GET', '/api/v1/models')
  await server.stop()
  server = await startServer(file, { dataDir })
  assert.equal(server.key, first.key)
  assert.ok(server.startMs < first.startMs, `${server.startMs} ms after ${first.startMs} ms`)
  assert.deepEqual((await server.call('GET', '/api/v1/models')).body, body)
  assert.equal(server.log('postgres-init').length, 0)
  assert.deepEqual(
    server
      .log('model-load')
      .map(line => line.model)
      .sort(),
    ['digits@1', 'own@1'],
  )
})

test('a sample that was deleted does not come back', async () => {
  const { body } = await server.call('GET', '/api/v1/models/by-name/digits/latest')
  assert.equal((await server.call('DELETE', `/api/v1/models/${body.id}`)).status, 204)
  await server.stop()
  server = await startServer(file, { dataDir })
  const { body: list } = await server.call('GET', '/api/v1/models')
  assert.deepEqual(
    (list.data as { name: string }[]).map(model => model.name),
    ['own'],
  )
  assert.ok(!server.lines().some(line => line.includes('curl -s ')))
})

test('a port that is taken is told in one sentence, and nothing stays behind', onLinux, async t => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  t.after(() => blocker.close())
  const address = blocker.address()
  assert.ok(address && typeof address === 'object')
  const folder = await temporaryFolder(t)
  const { code, stderr } = await runCommand(['start'], {
    env: { PORT: String(address.port), DATA_DIR: folder },
  })
  assert.equal(code, 1)
  assert.equal(
    stderr,
    `roundhouse: Port ${address.port} on 127.0.0.1 is taken by another program. Stop it, or set PORT to another one.\n`,
  )
  assert.deepEqual(await postmastersOf(folder), [])
})

test('everything that is wrong with the settings is told at once, without their values', async () => {
  const env = {
    PORT: 'http',
    SERVICE_ROLE_KEY: 'hunter1',
    DATABASE_URL: 'mysql://root:hunter2@db/x',
    CORS_ORIGINS: '*',
    ENVIRONMENT: 'prod',
  }
  const { code, stdout, stderr } = await runCommand(['start'], { env })
  assert.equal(code, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /^roundhouse: The configuration cannot work:\n {2}- /)
  for (const name of Object.keys(env)) assert.match(stderr, new RegExp(`^ {2}- ${name}: .+$`, 'm'))
  assert.equal(stderr.trim().split('\n').length, 6)
  assert.ok(!stderr.includes('hunter'))
})

test('production without a key of its own is refused, and none is made', async t => {
  const folder = await temporaryFolder(t)
  const { code, stderr } = await runCommand(['start'], {
    env: { ENVIRONMENT: 'production', PORT: '0', DATA_DIR: folder },
  })
  assert.equal(code, 1)
  assert.match(stderr, /SERVICE_ROLE_KEY: required when ENVIRONMENT is production/)
  assert.deepEqual(await readdir(folder), [])
})

test('a kept key that was emptied lets nobody in: the start is refused', async t => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'service-role-key'), '\n')
  const { code, stderr } = await runCommand(['start'], { env: { PORT: '0', DATA_DIR: folder } })
  assert.equal(code, 1)
  assert.equal(
    stderr,
    `roundhouse: ${folder}/service-role-key holds no key. Remove it to get a new one, or set SERVICE_ROLE_KEY.\n`,
  )
})

test('a start that waits for its database does not show the connection string, and stops when told to', async t => {
  const env = {
    PORT: '0',
    DATA_DIR: await temporaryFolder(t),
    DATABASE_URL: 'postgresql://someone:hunter2@127.0.0.1:1/none',
  }
  const child = spawnCommand(['start'], { env })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      output += chunk
    })
  }
  await until('it says that it waits for the database', () => output.includes('"database-wait"'))
  child.kill('SIGTERM')
  const [code] = await once(child, 'close')
  assert.equal(code, 0)
  assert.ok(!output.includes('hunter2'), output)
})

test('a folder that cannot be used is told in one sentence, and the start ends', async t => {
  const dataDir = await temporaryFolder(t)
  const path = join(dataDir, 'files')
  await writeFile(path, '')
  const { adminUrl } = await testDatabase(t)
  const inUse = [
    { DATA_DIR: path },
    // What was opened before that is found out must not keep the process alive.
    { DATA_DIR: dataDir, DATABASE_URL: adminUrl },
  ]
  for (const env of inUse) {
    const { code, stderr } = await runCommand(['start'], { env: { PORT: '0', ...env }, limitMs: 20_000 })
    assert.equal(code, 1)
    assert.match(stderr, /^roundhouse: [^\n]+\n$/)
    assert.ok(stderr.includes(path), stderr)
  }
})

test('a stopped server leaves no process and no lock', onLinux, async () => {
  await server.stop()
  assert.deepEqual(await postmastersOf(dataDir), [])
  await assert.rejects(stat(join(dataDir, 'postgres', 'postmaster.pid')), { code: 'ENOENT' })
})

/** By a real shell and curl where there is one. */
async function paste(line: string): Promise<string> {
  if (spawnSync('sh', ['-c', 'command -v curl']).status === 0) {
    return (await promisify(execFile)('sh', ['-c', line])).stdout
  }
  const url = /curl -s (\S+)/.exec(line)?.[1] ?? ''
  const body = /-d '([^']*)'/.exec(line)?.[1] ?? ''
  const headers = Object.fromEntries(
    [...line.matchAll(/-H '([^:]+): ([^']*)'/g)].map(([, name = '', value = '']) => [name, value]),
  )
  return (await fetch(url, { method: 'POST', headers, body })).text()
}
