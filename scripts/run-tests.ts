/** Runs the checks and the tests. `scripts/test.mjs` starts it with the pinned Node, after the set-up. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startTestPostgres } from '../server/src/testing/test-database.ts'
import { chromium } from './chromium.ts'
import { pgvector } from './pgvector.ts'
import { redisServer } from './redis-server.ts'
import { s3Server } from './s3-server.ts'
import { findSurvivors, type Survivor } from './survivors.ts'
import { isNeededBy, notTested } from './test-program.ts'

const folders = [
  'sdk/src',
  'server/src',
  'server/sample',
  'server/test',
  'console/src',
  'examples',
  'bench',
  'scripts',
]
const testPrograms = [redisServer, s3Server, pgvector, chromium]
const oneTestMs = 180_000
/** Of all tests; only a test file that never ends gets here. */
const allTestsMs = 45 * 60_000

let running: ChildProcess | undefined
let stoppedBy: NodeJS.Signals | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stoppedBy = signal
    running?.kill(signal)
  })
}

process.exitCode = await runAll(process.argv.slice(2)).catch(error => {
  console.error(error instanceof Error ? error.message : error)
  return 1
})
if (stoppedBy) process.exitCode = 128 + constants.signals[stoppedBy]

async function runAll(selected: string[]): Promise<number> {
  const found = findTests(selected)
  if (selected.length === 0 && !(await checksPass())) return 1
  const missing = testPrograms.flatMap(program => {
    const needing = found.filter(file => isNeededBy(program, file))
    return needing.length > 0 && !program.ensure() ? [{ program, needing }] : []
  })
  const files = found.filter(file => !missing.some(({ needing }) => needing.includes(file)))
  const leftOut = missing.map(({ program, needing }) => notTested(program, needing)).join('\n')
  if (files.length === 0) throw new Error(leftOut)
  if (leftOut) console.error(leftOut)

  const run = randomUUID()
  process.env.ROUNDHOUSE_TEST_RUN = run
  // Short, for the sockets in it, and open, for a Postgres that runs as another user.
  const folder = mkdtempSync(join(tmpdir(), 'rh-'))
  chmodSync(folder, 0o755)
  process.env.TMPDIR = folder
  // Each file is a process that loads the whole server: 2.6 s of a processor each, 1.6 s when the next finds it compiled.
  process.env.NODE_COMPILE_CACHE = join(folder, 'compiled')
  let code = 1
  let left: Survivor[] = []
  try {
    code = await runTests(files, selected.filter(isFlag))
  } finally {
    left = await endSurvivors(`ROUNDHOUSE_TEST_RUN=${run}`, folder)
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  // Again: the first time has scrolled away.
  if (leftOut) console.error(leftOut)
  if (left.length === 0) return code
  const names = left.map(({ pid, command }) => `  ${pid}  ${command}`)
  throw new Error(`The tests left processes running:\n${names.join('\n')}`)
}

function findTests(selected: string[]): string[] {
  const all = folders
    .flatMap(folder => globSync(`${folder}/**/*.test.ts`, { exclude: ['**/node_modules/**'] }))
    .sort()
  const wanted = selected
    .filter(argument => !isFlag(argument))
    .map(path => path.replace(/^\.\//, '').replace(/\/$/, ''))
  const isWanted = (file: string) => wanted.some(path => file === path || file.startsWith(`${path}/`))
  const files = wanted.length === 0 ? all : all.filter(isWanted)
  if (files.length === 0)
    throw new Error(`No test file at ${wanted.join(', ')}. Give a test file or a folder.`)
  return files
}

async function checksPass(): Promise<boolean> {
  const checks = [
    { what: 'types', args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'] },
    {
      what: 'types of the console',
      args: ['node_modules/typescript/bin/tsc', '-p', 'console/tsconfig.json'],
    },
    { what: 'style', args: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'] },
    { what: 'unused code', args: ['node_modules/knip/bin/knip.js', '--no-progress'] },
  ]
  for (const { what, args } of checks) {
    console.log(`Checking ${what}.`)
    if ((await runNode(args, process.env)) !== 0) return false
  }
  return true
}

async function runTests(files: string[], flags: string[]): Promise<number> {
  const postgres = await startTestPostgres()
  try {
    const args = ['--conditions=roundhouse-source', '--test', '--test-reporter=spec', '--test-concurrency=2']
    const env = { ...process.env, ...postgres.env }
    return await runNode([...args, `--test-timeout=${oneTestMs}`, ...flags, ...files], env)
  } finally {
    await postgres.stop()
  }
}

async function runNode(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (stoppedBy) return 1
  running = spawn(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
  const watchdog = setTimeout(() => {
    console.error(`The tests did not end within ${allTestsMs / 60_000} minutes.`)
    running?.kill('SIGTERM')
  }, allTestsMs)
  const [code] = await once(running, 'exit')
  clearTimeout(watchdog)
  return typeof code === 'number' ? code : 1
}

/** What still runs after a while, because a process that was told to stop may take a moment. It is killed. */
async function endSurvivors(marker: string, folder: string): Promise<Survivor[]> {
  const deadline = performance.now() + 5000
  while (findSurvivors(marker, folder).length > 0 && performance.now() < deadline) await sleep(100)
  const left = findSurvivors(marker, folder)
  for (const { pid } of left) process.kill(pid, 'SIGKILL')
  return left
}

function isFlag(argument: string): boolean {
  return argument.startsWith('-')
}
