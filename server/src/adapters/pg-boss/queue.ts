import type pg from 'pg'
import { fromKysely, PgBoss } from 'pg-boss'
import type { Log } from '../../kit/log.ts'
import type { Queue } from '../../ports/queue.ts'
import { deadLetters, queueNames, queueSchema } from './names.ts'
import { createPump, type Pump } from './pump.ts'

export type PgBossQueueOptions = {
  /** As the role the product runs as; it needs a session: not through a pooler in transaction mode. */
  connection: pg.ClientConfig
  /** Whether this process works, and looks for those of others that fell silent. One that only adds does not. */
  works: boolean
  log: Log
}

/** What is due now and told by nobody: retries, delayed jobs, jobs of the dead. */
const pollMs = 1000
const givenUpPollMs = 5000
const maxConnections = 4
const givenUpReason = 'Whatever worked on it ended or fell silent again and again.'

/**
 * Opens the queue over pg-boss, whose schema `migrate` has installed. Deliveries are fetched by pumps of our own: its
 * workers take the next batch only when the slowest job of the last one has ended.
 * @throws Error when the queue is not installed, or not in this version.
 */
export async function openPgBossQueue(options: PgBossQueueOptions): Promise<Queue> {
  const { works, log } = options
  const pumps = new Map<string, Pump>()
  const boss = new PgBoss({
    ...poolOptions(options.connection),
    schema: queueSchema,
    migrate: false,
    createSchema: false,
    reindex: false,
    schedule: false,
    supervise: works,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
    queueCacheIntervalSeconds: 10,
    useListenNotify: works,
  })
  boss.on('error', error => log.warn('queue-error', { reason: error.message }))
  boss.on('warning', ({ message }) => log.warn('queue-warning', { reason: message }))
  hear(boss, name => {
    for (const [queue, pump] of pumps) if (name === undefined || name === queue) pump.wake()
  })
  try {
    await boss.start()
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {})
    throw error
  }

  return {
    async add(db, entries) {
      for (const queue of new Set(entries.map(entry => entry.queue))) {
        const jobs = entries
          .filter(entry => entry.queue === queue)
          .map(({ ticket, jobId, priority, startAt }) => ({
            id: ticket,
            // The letter of what was given up is another row, with the same data.
            data: { job_id: jobId, ticket },
            priority,
            ...(startAt === undefined ? {} : { startAfter: startAt }),
          }))
        await boss.insert(queue, jobs, { db: fromKysely(db) })
      }
    },

    async drop(db, queue, tickets) {
      if (tickets.length > 0) await boss.deleteJob(queue, [...tickets], { db: fromKysely(db) })
    },

    async work(queue, { atOnce }, handle) {
      const pump = createPump({
        boss,
        queue,
        atOnce,
        pollMs,
        log,
        handle,
      })
      pumps.set(queue, pump)
      pump.wake()
    },

    async onGivenUp(handle) {
      for (const name of queueNames) {
        const queue = deadLetters(name)
        const pump = createPump({
          boss,
          queue,
          atOnce: 4,
          pollMs: givenUpPollMs,
          log,
          handle: async ({ ticket, jobId }) => {
            await handle({ ticket, jobId, reason: givenUpReason })
            return 'settled'
          },
        })
        pumps.set(queue, pump)
        pump.wake()
      }
    },

    async live(queue, tickets) {
      const { rows } = await boss.getDb().executeSql(
        `select id::text as ticket from ${queueSchema}.job
         where name = $1 and id = any($3::uuid[]) and state in ('created', 'retry', 'active')
         union select data ->> 'ticket' from ${queueSchema}.job
         where name = $2 and state in ('created', 'retry', 'active') and data ->> 'ticket' = any($3::text[])`,
        [queue, deadLetters(queue), [...tickets]],
      )
      return new Set(rows.map(({ ticket }) => String(ticket)))
    },

    async pause() {
      await Promise.all([...pumps.values()].map(pump => pump.pause()))
    },

    async depths() {
      // The counts that pg-boss gives are up to a minute old.
      const { rows } = await boss.getDb().executeSql(
        `select name, count(*) filter (where state <> 'active')::integer as waiting,
           count(*) filter (where state = 'active')::integer as running
         from ${queueSchema}.job where name = any($1) and state in ('created', 'retry', 'active') group by name`,
        [[...queueNames]],
      )
      const counted = new Map(rows.map(({ name, waiting, running }) => [String(name), { waiting, running }]))
      return queueNames.map(queue => ({ queue, ...(counted.get(queue) ?? { waiting: 0, running: 0 }) }))
    },

    async close() {
      await Promise.all([...pumps.values()].map(pump => pump.close()))
      await boss.stop({ graceful: false })
    },
  }
}

/** pg-boss listens for its own workers, of which there are none; its ear is lent to our pumps. */
function hear(boss: PgBoss, wake: (queue: string | undefined) => void): void {
  const database = boss.getDb()
  const listen = database.listen?.bind(database)
  if (!listen) return
  database.listen = (channel, onNotification, onReconnect) =>
    listen(
      channel,
      queue => {
        onNotification(queue)
        wake(queue)
      },
      () => {
        onReconnect()
        wake(undefined)
      },
    )
}

/** Handed to `pg.Pool` as they are. A frozen query must end before the heartbeat does. */
function poolOptions(connection: pg.ClientConfig) {
  return {
    ...connection,
    max: maxConnections,
    connectionTimeoutMillis: 1000,
    query_timeout: 8000,
  } as object
}
