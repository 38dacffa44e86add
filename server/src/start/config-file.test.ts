import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { ConfigError, readConfig } from './config.ts'
import { readConfigFile } from './config-file.ts'
import { readConfiguration, readDeclared } from './declared-models.ts'

type Scope = Parameters<typeof temporaryFolder>[0]

test('a folder without a configuration declares nothing', async context => {
  const folder = await temporaryFolder(context)
  const { file, problems } = await readConfigFile(folder)
  assert.deepEqual(file, { path: undefined, folder, content: {} })
  assert.deepEqual(problems, [])
})

test('each ending is found, TypeScript runs as it is, and an empty object will do', async context => {
  for (const ending of ['ts', 'mts', 'js', 'mjs']) {
    const folder = await folderWith(context, { [`roundhouse.config.${ending}`]: 'export default {}' })
    assert.deepEqual((await readConfigFile(folder)).file.content, {}, ending)
  }
  const typed = `type Name = string
    const name: Name = 'price'
    export default { models: [{ name, path: 'a/price.onnx', local_path: 'm.onnx' }] } satisfies object`
  const folder = await folderWith(context, {
    'package.json': '{"type":"module"}',
    'roundhouse.config.ts': typed,
  })
  const { file } = await readConfigFile(folder)
  assert.deepEqual(file.content.models?.[0], { name: 'price', path: 'a/price.onnx', local_path: 'm.onnx' })
})

test('every problem is told at once, with the path inside; so is a misspelt key and a name that comes twice', async context => {
  const problems = await problemsOf(
    context,
    `export default {
      modles: [],
      models: [
        { name: 'a', path: 'x' },
        { name: 'a', path: '../x' },
        { name: 'b', path: 1, prize: 3, sha256: 'abc' },
      ],
      buckets: [{ name: 'files', file_size_limit: -1 }, { name: '' }, { name: 'c', allowed_mime_types: ['pdf'] }],
      reports: { templates: [{ name: 'Bad Name', folder: '.' }, { name: '2027-letter', folder: '.' }] },
    }`,
  )
  const starts = problems.map(problem => /^\S+roundhouse\.config\.ts: ([^:]+): \S/.exec(problem)?.[1])
  assert.deepEqual(starts.sort(), [
    'buckets[0].file_size_limit',
    'buckets[1].name',
    'buckets[2].allowed_mime_types[0]',
    'models[1].name',
    'models[1].path',
    'models[2].path',
    'models[2].prize',
    'models[2].sha256',
    'modles',
    'reports.templates[0].folder',
    'reports.templates[0].name',
    'reports.templates[1].folder',
    'reports.templates[1].name',
  ])
  assert.ok(problems.some(problem => problem.endsWith('a is declared twice; the first is models[0].')))
})

test('what Node cannot read is told with file and line', async context => {
  const syntax = 'export default {\n  models: [\n    { name: "a" path: "b" },\n  ],\n}'
  for (const ending of ['ts', 'js']) {
    const [problem, ...more] = await problemsOf(context, syntax, ending)
    assert.match(problem ?? '', new RegExp(`roundhouse\\.config\\.${ending}:3: SyntaxError: `))
    assert.equal(more.length, 0)
  }
  const [unsupported] = await problemsOf(context, 'export default {}\nenum A { B }')
  assert.match(unsupported ?? '', /roundhouse\.config\.ts:2: .*enum is not supported/)
  const [thrown] = await problemsOf(context, 'const x: string | null = null\nexport default { models: x.a }')
  assert.match(thrown ?? '', /roundhouse\.config\.ts:2: TypeError: /)
  const [missing] = await problemsOf(context, 'import "not-installed"\nexport default {}')
  assert.match(missing ?? '', /Cannot find package 'not-installed'.* npm install/)
})

test('another default export than an object is told, and so is none', async context => {
  const said = async (text: string) => (await problemsOf(context, text))[0] ?? ''
  assert.match(
    await said('export const models = []'),
    /exports no default\. Write: export default defineConfig/,
  )
  assert.match(
    await said('export default () => ({})'),
    /its default export is a function and must be an object/,
  )
  assert.match(await said('export default []'), /is a list/)
  assert.match(await said('export default null'), /is null/)
})

test('two files of the same folder are refused: nobody could say which counts', async context => {
  const folder = await folderWith(context, {
    'roundhouse.config.ts': 'export default {}',
    'roundhouse.config.js': 'export default {}',
  })
  const problems = await refusal(folder)
  assert.match(problems.join(), /roundhouse\.config\.js and roundhouse\.config\.ts\. Keep one/)
})

test('what is wrong with the environment, the file, both together and the templates comes at once', async context => {
  const folder = await folderWith(context, {
    'roundhouse.config.ts': `export default {
      a: 1,
      models: [
        { name: 'b', path: '/b.onnx', local_path: 'copies/b.onnx' },
        { name: 'c', path: 'c.onnx', local_path: './copies/../copies/b.onnx' },
        { name: 'd', path: 'd.onnx', local_path: 'm.onnx' },
        'e',
      ],
      buckets: [
        { name: 'big', file_size_limit: 2000 },
        { name: 'models', public: true },
        { name: 'fits', file_size_limit: 1000, open_folders: true },
      ],
      reports: { templates: [{ name: 'letter', folder: 'none' }] },
    }`,
  })
  const env = { PORT: 'x', MAX_FILE_SIZE_BYTES: '1000', MODEL_PATH: 'b.onnx', MODEL_LOCAL_PATH: 'm.onnx' }
  const problems = await refusal(folder, env)
  const path = join(folder, 'roundhouse.config.ts')
  assert.deepEqual(problems.map(problem => problem.replace(`${path}: `, '').replace(/:? .*/, '')).sort(), [
    'PORT',
    'a',
    'buckets[0].file_size_limit',
    'buckets[1].public',
    'models[0].name',
    'models[0].path',
    'models[1].local_path',
    'models[2].local_path',
    'models[3]',
    'reports.templates[0].folder',
  ])
  assert.match(problems.join(), /models\[1\]\.local_path: \S+b\.onnx is the copy of models\[0\] already/)
  assert.match(problems.join(), /models\[2\]\.local_path: \S+m\.onnx is the copy of MODEL_LOCAL_PATH already/)

  const noName = await refusal(folder, { ...env, MODEL_PATH: 'my model.onnx' })
  assert.ok(noName.some(problem => problem.startsWith('MODEL_NAME: must be set')))
  assert.equal(noName.length, 10, 'the name of b is free then')
})

test('a setting that is refused is told once, not once more by what depends on it', async context => {
  const folder = await folderWith(context, {
    'roundhouse.config.ts': `export default { buckets: [{ name: 'big', file_size_limit: 2000 }] }`,
  })
  const env = { MODEL_PATH: 'my model.onnx', MODEL_NAME: 'my model', MAX_FILE_SIZE_BYTES: '-1' }
  const problems = await refusal(folder, env)
  assert.deepEqual(problems.map(problem => problem.split(':')[0]).sort(), [
    'MAX_FILE_SIZE_BYTES',
    'MODEL_NAME',
  ])
})

test('MODEL_PATH declares one more model, named by its file, required, for signed-in users', async context => {
  const folder = await temporaryFolder(context)
  const file = {
    path: undefined,
    folder,
    content: { models: [{ name: 'b', path: 'b.onnx', required: false }] },
  }
  const env = { MODEL_PATH: 'v2/price.best.onnx', MODEL_LOCAL_PATH: 'm.onnx', MODEL_SHA256: 'AB'.repeat(32) }
  const [ofEnv, ofFile] = (await readDeclared(readConfig(env), file)).models
  assert.deepEqual(ofEnv, {
    name: 'price.best',
    version: undefined,
    bucket: 'models',
    path: 'v2/price.best.onnx',
    sha256: 'ab'.repeat(32),
    required: true,
    visibility: undefined,
    price: undefined,
    kind: undefined,
    localPath: join(folder, 'm.onnx'),
    download: true,
  })
  assert.deepEqual([ofFile?.name, ofFile?.bucket, ofFile?.required], ['b', 'models', false])

  const off = { MODEL_PATH: 'price.onnx', MODEL_DOWNLOAD_ON_STARTUP: 'false', MODEL_NAME: 'cost' }
  const [local] = (await readDeclared(readConfig(off), file)).models
  assert.deepEqual([local?.name, local?.download], ['cost', false])
  await assert.rejects(
    readDeclared(readConfig({ MODEL_PATH: 'my model.onnx' }), file),
    /MODEL_NAME: must be set/,
  )
  await assert.rejects(
    readDeclared(readConfig({ MODEL_PATH: 'b.onnx' }), file),
    /models\[0\]\.name: b is declared/,
  )
})

test('settings of a model without a model are refused', () => {
  assert.throws(() => readConfig({ MODEL_NAME: 'a' }), /MODEL_NAME: goes with MODEL_PATH/)
  assert.throws(() => readConfig({ MODEL_LOCAL_PATH: 'a.onnx' }), /MODEL_PATH: goes with MODEL_LOCAL_PATH/)
  readConfig({ MODEL_LOCAL_PATH: 'a.onnx', MODEL_DOWNLOAD_ON_STARTUP: 'false' })
})

async function problemsOf(scope: Scope, text: string, ending = 'ts'): Promise<readonly string[]> {
  return refusal(await folderWith(scope, { [`roundhouse.config.${ending}`]: text }))
}

async function refusal(folder: string, env: Record<string, string> = {}): Promise<readonly string[]> {
  try {
    await readConfiguration(env, folder)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return assert.fail('it was not refused')
}

/** A module of its own each time: Node reads none twice. */
async function folderWith(scope: Scope, files: Record<string, string>): Promise<string> {
  const folder = join(await temporaryFolder(scope), 'app')
  await mkdir(folder)
  const all = { 'package.json': '{"type":"module"}', ...files }
  for (const [name, text] of Object.entries(all)) await writeFile(join(folder, name), text)
  return folder
}
