import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../server/src/testing/free-port.ts'
import type { Bench } from './bench.ts'
import { inferForm } from './forms.ts'
import type { Generator } from './generator.ts'
import { memoryOf } from './proc.ts'
import { start } from './processes.ts'
import { type ColdStart, type Memory, median } from './results.ts'
import { command, startRoundhouse } from './servers/roundhouse.ts'
import { mlpWorkload } from './workloads.ts'

const sample = 'digits'
const limitMs = 60_000

/** From spawning the command to ready: once in an empty folder, then in the folder that it left. */
export async function measureStart(bench: Bench): Promise<ColdStart> {
  const folder = join(bench.folder, 'cold')
  await mkdir(folder, { mode: 0o755 })
  bench.say('cold start: first run')
  const first = await startOnce(folder)
  const later: ColdStart['later'][] = []
  for (let run = 1; run <= (bench.quick ? 2 : 5); run++) {
    bench.say(`cold start: later run ${run}`)
    later.push(await startOnce(folder))
  }
  return {
    first,
    later: {
      healthMs: median(later.map(run => run.healthMs)),
      sampleMs: median(later.map(run => run.sampleMs)),
    },
    laterRuns: later.length,
  }
}

async function startOnce(folder: string): Promise<{ healthMs: number; sampleMs: number }> {
  const port = await freePort()
  const dataDir = join(folder, 'data')
  const begin = performance.now()
  const server = start({
    command: process.execPath,
    args: command,
    env: { DATA_DIR: dataDir, PORT: String(port) },
    logFile: join(folder, 'log'),
  })
  try {
    await untilOk(`http://127.0.0.1:${port}/health`)
    const healthMs = performance.now() - begin
    const key = (await readFile(join(dataDir, 'service-role-key'), 'utf8')).trim()
    await untilOk(`http://127.0.0.1:${port}/v2/models/${sample}/ready`, key)
    return { healthMs, sampleMs: performance.now() - begin }
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${server.output().slice(-2000)}`)
  } finally {
    await server.stop()
  }
}

/** Memory of everything the command started: with the sample at rest, with three models at rest, and after load. */
export async function measureMemory(bench: Bench, generator: Generator): Promise<Memory> {
  const { models } = bench
  const workload = await mlpWorkload(bench)
  await using started = new AsyncDisposableStack()
  const house = await startRoundhouse(join(bench.folder, 'memory'))
  started.defer(house.stop)
  const moments: Memory['moments'] = []

  async function note(when: string): Promise<void> {
    bench.say(`memory: ${when}`)
    await delay(bench.quick ? 1000 : 3000)
    moments.push({ when, ...memoryOf(house.pid) })
  }

  await note('at rest after the start, sample model loaded')
  await house.push(models.mlp, 'mlp')
  generator.pool('memory', inferForm(workload, house.key, { binary: false }).requests)
  await generator.load({
    port: house.port,

    pool: 'memory',
    connections: 64,
    warmUpMs: 0,
    windowMs: 2 * bench.windowMs,
  })
  await note('at rest after 64 connections asked the small MLP')
  await house.push(models.dense, 'dense')
  await house.push(models.forecast, 'forecast')
  await note('at rest with the two 12 MB models loaded as well')
  return { moments }
}

async function untilOk(url: string, key?: string): Promise<void> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
  for (const deadline = Date.now() + limitMs; Date.now() < deadline; await delay(5)) {
    const response = await fetch(url, { headers }).catch(() => undefined)
    await response?.arrayBuffer()
    if (response?.status === 200) return
  }
  throw new Error(`${new URL(url).pathname} did not answer 200 within ${limitMs / 1000} s.`)
}
