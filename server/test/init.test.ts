import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { runCommand } from './command.ts'
import { startServer } from './server.ts'

const sdk = fileURLToPath(new URL('../../sdk', import.meta.url))

test('init writes a project that starts as it is, and starts with the example taken in', async context => {
  const base = await temporaryFolder(context)
  const made = await runCommand(['init', 'My App'], { cwd: base })
  assert.equal(made.code, 0, made.stderr)
  assert.match(made.stdout, /\n {2}cd "My App"\n {2}npm install\n {2}npm start\n/)
  const app = join(base, 'My App')
  assert.deepEqual((await readdir(app)).sort(), [
    '.gitignore',
    'README.md',
    'package.json',
    'roundhouse.config.ts',
  ])
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  const written = JSON.parse(await readFile(join(app, 'package.json'), 'utf8'))
  assert.equal(written.name, 'my-app')
  assert.deepEqual(written.dependencies, { '@roundhouse/sdk': version, roundhouse: version })
  assert.equal(written.scripts.start, 'roundhouse start')
  assert.match(await readFile(join(app, '.gitignore'), 'utf8'), /^data\/$/m)

  await install(app)
  const env = { DATABASE_URL: (await testDatabase(context)).adminUrl }
  const first = await startServer(context, { cwd: app, env })
  assert.equal((await first.call('GET', '/api/v1/ready')).status, 200)
  await first.stop()
  assert.doesNotMatch(first.stderr(), /Warning/)

  const path = join(app, 'roundhouse.config.ts')
  const config = await readFile(path, 'utf8')
  await writeFile(path, config.replace('// { name', '{ name'))
  const second = await startServer(context, { cwd: app, env })
  const ready = await second.call('GET', '/api/v1/ready')
  assert.equal(ready.status, 200, 'the example is not required')
  assert.match(String(ready.body.degraded), /Model price could not be fetched .*models\/price\.onnx/)
  await second.stop()
})

test('init writes nothing where one of its files is', async context => {
  const folder = await temporaryFolder(context)
  await writeFile(join(folder, 'roundhouse.config.mjs'), 'export default {}')
  const refused = await runCommand(['init', '.'], { cwd: folder })
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr,
    /^roundhouse: .* has roundhouse\.config\.mjs already\. .*nothing was written\.$/m,
  )
  assert.deepEqual(await readdir(folder), ['roundhouse.config.mjs'])
})

test('a configuration that cannot work ends start and doctor with all that is wrong, before anything is opened', async context => {
  const folder = await temporaryFolder(context)
  await writeFile(
    join(folder, 'roundhouse.config.ts'),
    `export default {
      models: [{ name: 'a' }],
      bucket: [],
      buckets: [{ name: 'models', public: true }, { name: 'big', file_size_limit: 2000 }],
      reports: { templates: [{ name: 'letter', folder: 'letter' }] },
    }`,
  )
  await mkdir(join(folder, 'letter'))
  await writeFile(join(folder, 'letter', 'main.typ'), '#no-such-thing')
  for (const command of ['start', 'doctor']) {
    const ended = await runCommand([command], {
      cwd: folder,
      env: { PORT: 'x', MAX_FILE_SIZE_BYTES: '1000' },
    })
    assert.equal(ended.code, 1)
    assert.match(ended.stderr, /^roundhouse: The configuration cannot work:\n( {2}- \S.*\n){6}$/m)
    for (const part of [
      'PORT',
      'models[0].path',
      'bucket: there is no such setting',
      'buckets[0].public: the bucket models',
      'buckets[1].file_size_limit: 2000 bytes',
      'reports.templates[0].folder: version 1',
    ])
      assert.ok(ended.stderr.includes(part), ended.stderr)
  }
  assert.deepEqual((await readdir(folder)).sort(), ['letter', 'roundhouse.config.ts'])
})

/** What `npm install` would do, with the sources of this checkout. */
async function install(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules', '@roundhouse'), { recursive: true })
  await symlink(sdk, join(folder, 'node_modules', '@roundhouse', 'sdk'))
}
