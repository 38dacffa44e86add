import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { createPinoLog } from '../src/adapters/log/pino.ts'
import type { JobHandler } from '../src/jobs/job.ts'
import { createIds } from '../src/kit/ids.ts'
import { buildJobs } from '../src/start/build-jobs.ts'
import { openGround, placeDatabase } from '../src/start/choose.ts'
import { readConfig } from '../src/start/config.ts'

// A program: the worker of the product alone, with jobs whose effects a test can count, at the address in SINK.

async function tell(what: Record<string, unknown>): Promise<void> {
  const body = JSON.stringify({ ...what, pid: process.pid })
  await fetch(String(process.env.SINK), { method: 'POST', body, signal: AbortSignal.timeout(5000) })
}

const shared = { queue: 'default', maxAttempts: 10, timeoutMs: 60_000 } as const
const handlers: JobHandler[] = [
  {
    ...shared,
    kind: 'effects',
    async run({ step, job }) {
      for (const name of ['first', 'second']) {
        await step(name, async key => {
          await tell({ event: 'effect', key })
          await delay(Number(process.env.STEP_MS ?? 50))
          return key
        })
      }
      return { payload: job.payload }
    },
  },
  {
    ...shared,
    kind: 'poison',
    async run({ job }) {
      await tell({ event: 'start', job: job.id })
      process.abort()
    },
  },
  {
    ...shared,
    kind: 'parts',
    async run({ job, step }) {
      for (let part = 1; part <= 10; part += 1)
        await step(`part-${part}`, async key => {
          await tell({ event: 'part', job: job.id, key })
          await delay(500)
          return part
        })
      return null
    },
  },
  {
    ...shared,
    kind: 'long',
    async run({ job, signal }) {
      await tell({ event: 'start', job: job.id })
      await delay(60_000, undefined, { signal })
      return null
    },
  },
]

/** Its own statements, and nothing that is kept: some seconds in which the database must not be away. */
const query: JobHandler = {
  ...shared,
  kind: 'query',
  maxAttempts: 2,
  async run({ job }) {
    await tell({ event: 'start', job: job.id })
    for (let times = 0; times < 40; times += 1)
      await sql`select pg_sleep(0.2)`.execute(ground.database.system)
    return null
  },
}

const config = readConfig(process.env)
const log = createPinoLog({ level: config.LOG_LEVEL })
const ground = await openGround(config, await placeDatabase(config, log), log)
const background = buildJobs(config, ground, createIds(), log, { begun() {}, ended() {} })
background.handlers.push(...handlers, query)
await background.worker.start()
console.log('worker-ready')

process.once('SIGTERM', async () => {
  await background.worker.stop(500)
  await ground.close()
  log.flush()
  process.exit(0)
})
