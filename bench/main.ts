import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { measureAgents } from './agents.ts'
import { measureBatches } from './batches.ts'
import { measureBatching } from './batching.ts'
import type { Bench } from './bench.ts'
import { measureBinary } from './binary.ts'
import { measureConsole } from './console.ts'
import { measureCredentials } from './credentials.ts'
import { measureCredits } from './credits.ts'
import { measureFiles } from './files.ts'
import { startGenerator } from './generator.ts'
import { measureJobs } from './jobs.ts'
import { measureLive } from './live.ts'
import { describeMachine } from './machine.ts'
import { benchModels } from './models.ts'
import { writePage } from './page.ts'
import { hasProc } from './proc.ts'
import { stopAll } from './processes.ts'
import { measureReports } from './reports.ts'
import type { Results } from './results.ts'
import { measureMemory, measureStart } from './start-and-memory.ts'
import { measureThroughput } from './throughput.ts'

const parts = [
  'throughput',
  'credentials',
  'credits',
  'batching',
  'binary',
  'live',
  'start',
  'memory',
  'reports',
  'jobs',
  'files',
  'batches',
  'agents',
  'console',
]
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const { quick, only } = values

if (!hasProc)
  stop(
    'The bench reads CPU and memory of processes from /proc, which only Linux has. Run it there, or in a container.',
  )
if (only !== undefined && !parts.includes(only)) stop(`--only takes one of ${parts.join(', ')}; got ${only}.`)

// Others may enter it, as the user that runs the database for root must.
const folder = await realpath(await mkdtemp(join(tmpdir(), 'roundhouse-bench-')))
await chmod(folder, 0o755)
const begin = performance.now()
const bench: Bench = {
  quick,
  rounds: quick ? 1 : 3,
  warmUpMs: quick ? 300 : 500,
  jitMs: quick ? 1000 : 6000,
  windowMs: quick ? 700 : 1500,
  models: benchModels(),
  folder,
  say: text => process.stderr.write(`${Math.round((performance.now() - begin) / 1000)} s  ${text}\n`),
}
const generator = startGenerator()
process.once('SIGINT', () => void breakOff(130))
process.once('SIGTERM', () => void breakOff(143))
try {
  await report(await measure())
} finally {
  generator.close()
  await rm(folder, { recursive: true, force: true })
}

async function measure(): Promise<Results> {
  const wanted = (part: string) => only === undefined || only === part
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine('not run'),
    quick,
  }
  if (wanted('start')) results.start = await measureStart(bench)
  if (wanted('memory')) results.memory = await measureMemory(bench, generator)
  if (wanted('reports')) results.reports = await measureReports(bench)
  if (wanted('jobs')) results.jobs = await measureJobs(bench)
  if (wanted('files')) results.files = await measureFiles(bench, generator)
  if (wanted('batches')) results.batches = await measureBatches(bench, generator)
  if (wanted('agents')) results.agents = await measureAgents(bench, generator)
  if (wanted('console')) {
    const measured = await measureConsole(bench)
    if (measured) results.console = measured
  }
  if (wanted('live')) results.live = await measureLive(bench, generator)
  if (wanted('binary')) results.binary = await measureBinary(bench, generator)
  if (wanted('batching')) results.batching = await measureBatching(bench, generator)
  if (wanted('credentials')) results.credentials = await measureCredentials(bench, generator)
  if (wanted('credits')) results.credits = await measureCredits(bench, generator)
  if (wanted('throughput')) {
    const { result, python } = await measureThroughput(bench, generator)
    results.throughput = result
    results.machine = describeMachine(python)
  }
  return results
}

/** Only a full run replaces the published page. */
async function report(results: Results): Promise<void> {
  const published = !quick && only === undefined
  const target = resolve(import.meta.dirname, published ? '../docs' : '../.cache/bench')
  await mkdir(target, { recursive: true })
  await writeFile(join(target, 'performance.json'), `${JSON.stringify(results, null, 2)}\n`)
  await writeFile(join(target, 'performance.md'), writePage(results))
  process.stdout.write(`${writePage(results)}\nWritten to ${target}.\n`)
}

async function breakOff(code: number): Promise<void> {
  await stopAll()
  await rm(folder, { recursive: true, force: true })
  process.exit(code)
}

function stop(sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(2)
}
