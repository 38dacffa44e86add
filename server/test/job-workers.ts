import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { serviceCaller } from '../src/accounts/caller.ts'
import type { JobStatus, JobSummary } from '../src/jobs/job.ts'
import { createOutage } from '../src/jobs/outage.ts'
import { createIds } from '../src/kit/ids.ts'
import { silentLog } from '../src/kit/log.ts'
import { buildJobs } from '../src/start/build-jobs.ts'
import { openGround, placeDatabase } from '../src/start/choose.ts'
import { readConfig } from '../src/start/config.ts'
import { defer, type Scope } from '../src/testing/defer.ts'
import { httpServer } from '../src/testing/http-server.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { until } from './processes.ts'

const service = serviceCaller('test')
const program = fileURLToPath(new URL('job-worker.ts', import.meta.url))

/** What a job told from the process it ran in. */
type Told = { event: string; pid: number; at: number; key?: string; job?: string }

/** Processes that only work, the office that adds their jobs, and what those told. All of it ends with the scope. */
export async function startJobWorkers(
  scope: Scope,
  databaseUrl: string,
  options: { count: number; env?: Record<string, string> },
) {
  const sink = await openSink(scope)
  const office = await openOffice(scope, databaseUrl)
  const workers = await startWorkers(scope, { ...options, databaseUrl, sink: sink.url })
  return {
    told: sink.told,
    office,
    workers,
    /** Waits until so many jobs are done. @throws Error that tells of those that are not. */
    async allDone(count: number, limitMs = 60_000): Promise<void> {
      await until('all are done', async () => (await office.count('done')) === count, limitMs).catch(
        async error => {
          throw new Error(`${await office.unfinished()}\n${workers.output()}`, { cause: error })
        },
      )
    },
  }
}

/** Counts the effects of jobs, outside of the program that is tested. */
async function openSink(scope: Scope): Promise<{ url: string; told: Told[] }> {
  const told: Told[] = []
  const { url } = await httpServer(scope, async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    told.push({ ...JSON.parse(text), at: performance.now() })
    response.end()
  })
  return { url, told }
}

/** Each is replaced when it dies. */
async function startWorkers(
  scope: Scope,
  options: { count: number; databaseUrl: string; sink: string; env?: Record<string, string> },
) {
  const dataDir = await temporaryFolder(scope)
  const children = new Set<ChildProcess>()
  const ready = new Set<ChildProcess>()
  const exits: { code: number | null; signal: string | null }[] = []
  let output = ''
  let stopping = false

  function start(): ChildProcess {
    const child = spawn(process.execPath, ['--conditions=roundhouse-source', program], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        DATABASE_URL: options.databaseUrl,
        DATA_DIR: dataDir,
        ENVIRONMENT: 'test',
        SAMPLE_MODEL: 'false',
        ROLES: 'worker',
        LOG_LEVEL: 'warn',
        SINK: options.sink,
        ...options.env,
      },
    })
    children.add(child)
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', chunk => {
        output += chunk
        if (String(chunk).includes('worker-ready')) ready.add(child)
      })
    child.once('exit', (code, signal) => {
      children.delete(child)
      // One that cannot start will not start the next time either.
      stopping ||= !ready.delete(child) && code !== null
      exits.push({ code, signal })
      if (!stopping) start()
    })
    return child
  }

  defer(scope, async () => {
    stopping = true
    for (const child of children) child.kill('SIGKILL')
    await until('the workers end', () => children.size === 0)
  })
  for (let index = 0; index < options.count; index += 1) start()
  await until('the workers are ready', () => stopping || ready.size === options.count, 60_000)
  assert.equal(ready.size, options.count, output)
  return {
    exits,
    output: () => output,
    ready: () => [...ready],
    /** From now on who ends is not replaced. */
    dontReplace() {
      stopping = true
    },
  }
}

/** Adds jobs and looks at them, and never works. */
async function openOffice(scope: Scope, databaseUrl: string) {
  const never = async () => assert.fail('a process without workers works')
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    DATA_DIR: await temporaryFolder(scope),
    ENVIRONMENT: 'test',
    ROLES: 'api',
  })
  const ground = await openGround(config, await placeDatabase(config, silentLog), silentLog)
  defer(scope, ground.close)
  const { jobs, handlers } = buildJobs(config, ground, createIds(), silentLog, { begun() {}, ended() {} })
  for (const kind of ['effects', 'poison', 'long', 'parts', 'query'])
    handlers.push({
      kind,
      queue: 'default',
      maxAttempts: kind === 'query' ? 2 : 10,
      timeoutMs: 60_000,
      run: never,
    })
  const { insist } = createOutage()
  return {
    /** In transactions of 50. */
    async add(kind: string, count = 1): Promise<string[]> {
      const ids: string[] = []
      while (ids.length < count) {
        const most = Math.min(50, count - ids.length)
        // Known before, so that an answer that was lost adds nothing twice.
        const wanted = Array.from({ length: most }, () => randomUUID())
        await insist(() => addAll(kind, wanted))
        ids.push(...wanted)
      }
      return ids
    },
    get: (id: string): Promise<JobSummary> => insist(() => jobs.get(service, id)),
    /** As if those who are silent had been so for a minute: the queue looks for them every 5 s. */
    async missBeats(): Promise<void> {
      await insist(() =>
        sql`update roundhouse_queue.job set heartbeat_on = now() - interval '1 minute' where state = 'active'`.execute(
          ground.database.system,
        ),
      )
    },
    /** What has not ended, and its deliveries: for the message of a test that waits in vain. */
    async unfinished(): Promise<string> {
      const { rows } = await insist(() =>
        sql`select j.status, j.attempt, j.crashes, j.error, j.run_at, now() as now, t.name, t.state, t.retry_count, t.start_after, t.heartbeat_on
          from jobs j left join roundhouse_queue.job t on t.id = j.ticket
          where j.finished_at is null limit 5`.execute(ground.database.system),
      )
      return JSON.stringify(rows, null, 1)
    },
    async count(status: JobStatus): Promise<number> {
      const { rows } = await insist(() =>
        sql<{ count: number }>`select count(*)::int as count from jobs where status = ${status}`.execute(
          ground.database.system,
        ),
      )
      return rows[0]?.count ?? 0
    },
  }

  async function addAll(kind: string, ids: readonly string[]): Promise<void> {
    try {
      await ground.database.asSystem(async db => {
        for (const id of ids) await jobs.add(db, { id, kind, ownerId: null, payload: null })
      })
    } catch (error) {
      const isThere = error instanceof Error && 'code' in error && error.code === '23505'
      if (!isThere) throw error
    }
  }
}
