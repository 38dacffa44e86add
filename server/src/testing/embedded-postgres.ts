import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import pg from 'pg'
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../adapters/postgres/embedded.ts'
import { silentLog } from '../kit/log.ts'
import { defer } from './defer.ts'

const module = new URL('../adapters/postgres/embedded.ts', import.meta.url).href

/** Starts in this process; stopped when the test ends. */
export async function start(
  t: TestContext,
  options: Partial<EmbeddedPostgresOptions> & { dataDir: string },
): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ log: silentLog, ...options })
  defer(t, () => postgres.stop())
  return postgres
}

/** Starts in another process, which then waits to be killed; resolves when it runs. */
export async function startElsewhere(
  t: TestContext,
  dataDir: string,
  options: { from?: string; account?: { uid: number; gid: number } } = {},
): Promise<{ child: ChildProcess; postgresPid: number; events: string[] }> {
  const code = `
    import { startEmbeddedPostgres } from ${JSON.stringify(options.from ?? module)}
    const say = (...words) => console.log(words.join(' '))
    const log = { debug: say, info: say, warn: say, error: say }
    const postgres = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, log })
    say('pid', postgres.pid)`
  const child = spawn(
    process.execPath,
    ['--conditions=roundhouse-source', '--input-type=module', '--eval', code],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: '/',
      ...options.account,
    },
  )
  defer(t, () => kill(child))
  const events: string[] = []
  const postgresPid = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', line => {
      const [event = '', value] = line.split(' ')
      if (event === 'pid') resolve(Number(value))
      else events.push(event)
    })
    child.once('exit', code => reject(new Error(`ended with ${code}`)))
  })
  return { child, postgresPid, events }
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}

export async function query(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(text, values)).rows
  } finally {
    await client.end()
  }
}

export async function until(condition: () => Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, 'it did not happen in time')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
