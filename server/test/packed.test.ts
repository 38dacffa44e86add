import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sample } from '../sample/sample.ts'
import { fixedModel } from '../src/testing/onnx/models.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { type Ended, runCommand } from './command.ts'
import { startServer } from './server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** The pinned Node for `#!/usr/bin/env node` too. */
const environment = {
  ...process.env,
  PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
  ONNXRUNTIME_NODE_INSTALL: 'skip',
}
const unreachable =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|E40[13])\b/

test('the packed packages, installed into an empty folder, run every command of the documentation', async t => {
  const folder = await temporaryFolder(t)
  const app = join(folder, 'app')
  await mkdir(app)
  await writeFile(join(app, 'package.json'), '{ "private": true }')
  await must(run(process.execPath, ['scripts/setup.mjs'], root))
  await must(run('npm', ['pack', '-w', 'sdk', '-w', 'server', '--pack-destination', folder], root))
  const tarballs = (await readdir(folder))
    .filter(name => name.endsWith('.tgz'))
    .map(name => join(folder, name))
  assert.equal(tarballs.length, 2)
  const installed = await run(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs],
    app,
  )
  if (installed.code !== 0 && unreachable.test(installed.stderr)) {
    t.skip('npm cannot reach a registry')
    return
  }
  await must(Promise.resolve(installed))

  const env = { PATH: environment.PATH }
  const command = { from: ['npx', '--no-install', 'roundhouse'], cwd: app, env }
  const version = await must(runCommand(['--version'], command))
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
  const help = await must(runCommand(['--help'], command))
  for (const name of ['start', 'init', 'migrate', 'doctor', 'models'])
    assert.match(help.stdout, new RegExp(`^ +${name} `, 'm'))

  await must(runCommand(['init', 'new'], command))
  await cp(join(app, 'new', 'roundhouse.config.ts'), join(app, 'roundhouse.config.ts'))
  const server = await startServer(t, { ...command, dataDir: join(app, 'data') })
  const { body: digits } = await server.call('GET', '/api/v1/models/by-name/digits/latest')
  const reply = await server.predict(String(digits.id), { pixels: [sample.exampleInput] })
  assert.deepEqual((reply.body.output_data as { digit: number[] }).digit, [sample.exampleDigit])
  assert.equal((await server.fetch('/')).status, 200)
  assert.equal((await server.fetch('/docs')).status, 200)

  const doctor = await must(runCommand(['doctor'], command))
  assert.deepEqual(doctor.stdout.match(/^\w+/gm), ['ok', 'ok', 'ok', 'ok'])
  const migrate = await must(runCommand(['migrate'], command))
  assert.match(migrate.stdout, /up to date/)

  await writeFile(join(app, 'double.onnx'), fixedModel())
  const push = { ...command, env: { ...env, ROUNDHOUSE_URL: server.url } }
  const pushed = await must(runCommand(['models', 'push', 'double.onnx', '--name', 'double'], push))
  assert.match(pushed.stdout, /^double@1 is ready \([0-9a-f-]{36}\)\n$/)
  const infer = { inputs: [{ name: 'x', datatype: 'FP32', shape: [4], data: [1, 2, 3, 4] }] }
  const { body } = await server.call('POST', '/v2/models/double/infer', infer)
  assert.deepEqual((body.outputs as [{ data: number[] }])[0].data, [2, 4, 6, 8])
  const missing = await runCommand(['models', 'push', 'none.onnx', '--name', 'double'], push)
  assert.equal(missing.code, 1)
  assert.match(missing.stderr, /^roundhouse: The file none\.onnx cannot be read\. Check the path\.$/m)
  await server.stop()
})

function run(program: string, args: string[], cwd: string): Promise<Ended> {
  return new Promise(resolve => {
    execFile(
      program,
      args,
      { cwd, env: environment, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : null) : 0
        resolve({ code, stdout, stderr: error && code === null ? `${error.message}\n${stderr}` : stderr })
      },
    )
  })
}

async function must(ended: Promise<Ended>): Promise<Ended> {
  const { code, stdout, stderr } = await ended
  assert.equal(code, 0, `${stdout}\n${stderr}`)
  return { code, stdout, stderr }
}
