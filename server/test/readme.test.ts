import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { type Server, startServer } from './server.ts'

/**
 * The blocks marked `sh` of each document run in order in one shell, as a reader pastes them in the root of a clone in
 * which `npm start` runs. What only shows a form (`<id>`, another machine, a long download) is marked otherwise.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const documents = ['README.md', ...globSync('docs/*.md', { cwd: root }).sort()]
const hasCurl = spawnSync('sh', ['-c', 'command -v curl']).status === 0

const file = { after }
const server = await startServer(file, { env: { DATABASE_URL: (await testDatabase(file)).adminUrl } })
const clone = await createClone(server)

for (const document of documents) {
  const text = await readFile(join(root, document), 'utf8')
  const blocks = shellBlocks(text)
  if (blocks.length === 0) continue
  test(`the commands of ${document} do what they say`, {
    skip: hasCurl ? false : 'there is no curl',
  }, async () => {
    const script = blocks.map(({ line, code }) => `echo '${document}:${line}' >&3\n${code}`).join('\n')
    const { code, output, at } = await runShell(script.replaceAll('http://localhost:3000', server.url))
    assert.equal(code, 0, `the commands from ${at} on:\n${output}`)
  })
}

test('the README begins with a start and a prediction that can be pasted', async () => {
  const [first, ...others] = shellBlocks(await readFile(join(root, 'README.md'), 'utf8'))
  assert.equal(first?.code.trim(), 'npm start')
  assert.ok(others.some(({ code }) => /curl .*\/(infer|predict) /.test(code)))
})

test('the README has an agent that can be pasted and streams its answer, number by number, to the end', {
  skip: hasCurl ? false : 'there is no curl',
}, async () => {
  const blocks = shellBlocks(await readFile(join(root, 'README.md'), 'utf8'))
  const asking = blocks.find(({ code }) => code.includes('"stream":true'))
  assert.ok(asking)
  const { code, output } = await runShell(asking.code)
  assert.equal(code, 0, output)
  const numbers = [...output.matchAll(/^id: (\d+)$/gm)].map(([, number]) => Number(number))
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  )
  const last = output.trim().split('\n').at(-1) ?? ''
  assert.match(last, /^data: \{"type":"run-end".*The tool time answered/)
})

test('a block that fails is named with its document and line', {
  skip: hasCurl ? false : 'there is no curl',
}, async () => {
  const { code, at } = await runShell(
    "echo 'a:1' >&3\ntrue\necho 'a:5' >&3\ncurl -s $ROUNDHOUSE_URL/nothing\necho 'a:9' >&3\n",
  )
  assert.notEqual(code, 0)
  assert.equal(at, 'a:5')
  assert.notEqual((await runShell('npm run no-such-script')).code, 0)
})

function shellBlocks(markdown: string): { line: number; code: string }[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map(match => ({
    line: markdown.slice(0, match.index).split('\n').length + 1,
    code: match[1] ?? '',
  }))
}

/** What a reader's clone looks like while the server runs in it. */
async function createClone(running: Server): Promise<{ folder: string; programs: string }> {
  const folder = await temporaryFolder(file)
  const programs = join(folder, '.programs')
  await mkdir(programs)
  for (const name of ['server', 'sdk', 'docs', 'package.json'])
    await symlink(join(root, name), join(folder, name))
  await symlink(running.dataDir, join(folder, 'data'))
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: object }
  // The server runs already, and these tests are the test; every other script must only exist.
  const known = Object.keys(scripts).join('|')
  await program(
    programs,
    'npm',
    `[ "$1" = run ] && shift\ncase "$1" in ${known}) ;; *) echo "npm $* is not covered"; exit 1 ;; esac`,
  )
  await program(
    programs,
    'npx',
    `[ "$1" = roundhouse ] || { echo "npx $* is not covered"; exit 1; }\nshift\nexec node --conditions=roundhouse-source '${join(root, 'server/src/cli/main.ts')}' "$@"`,
  )
  const curl = spawnSync('sh', ['-c', 'command -v curl'], { encoding: 'utf8' }).stdout.trim()
  // A stream that never ends is read for some seconds.
  await program(
    programs,
    'curl',
    `[ "$1" = -N ] || exec '${curl}' --fail-with-body "$@"\n'${curl}' --fail-with-body --max-time 3 "$@" || [ $? = 28 ]`,
  )
  return { folder, programs }
}

async function program(folder: string, name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`)
  await chmod(join(folder, name), 0o755)
}

/** Stops at the first command that fails; `at` is the last mark that the script wrote to its third stream. */
async function runShell(script: string): Promise<{ code: number | null; output: string; at: string }> {
  const child = spawn('sh', ['-eu', '-c', script], {
    cwd: clone.folder,
    env: {
      ...process.env,
      PATH: [clone.programs, dirname(process.execPath), process.env.PATH].join(delimiter),
      ROUNDHOUSE_URL: server.url,
      ROUNDHOUSE_KEY: server.key,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let output = ''
  let marks = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', chunk => {
      output += chunk
    })
  }
  child.stdio[3]?.on('data', chunk => {
    marks += chunk
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, output, at: marks.trim().split('\n').at(-1) ?? '' }
}
