import { hostname } from 'node:os'
import type { QueryExecutorProvider } from 'kysely'
import type { Log } from '../../kit/log.ts'
import type { Queue, QueueName } from '../../ports/queue.ts'
import { createPresenceStore, type LiveWorker } from './store.ts'

export type QueueDepth = { queue: QueueName; waiting: number; running: number }

/** Which processes work, and how much waits for them. */
export type Presence = {
  /** From now on this process is one of them, until `leave`. */
  join(running: () => number): Promise<void>
  leave(): Promise<void>
  workers(): Promise<LiveWorker[]>
  /** Counted at most every 5 s, however often it is asked for: what waits may be a million. */
  depths(): Promise<readonly QueueDepth[]>
  /** The depths as they were a few seconds ago, where nobody can wait. */
  lastDepths(): readonly QueueDepth[]
}

const beatMs = 5000
const goneAfterMs = 20_000
/** A little less than the beats, which keep what is shown fresh. */
const countMs = 4500

export function createPresence(dependencies: {
  database: { readonly system: QueryExecutorProvider }
  queue: Pick<Queue, 'depths'>
  log: Log
  workerId: string
  roles: readonly string[]
}): Presence {
  const { database, queue, log, workerId, roles } = dependencies
  const store = createPresenceStore(database.system)
  let timer: NodeJS.Timeout | undefined
  let beating: Promise<void> = Promise.resolve()
  let last: readonly QueueDepth[] = []
  let counting: Promise<readonly QueueDepth[]> | undefined
  let countedAt = Number.NEGATIVE_INFINITY

  function depths(): Promise<readonly QueueDepth[]> {
    if (performance.now() - countedAt < countMs) return Promise.resolve(last)
    counting ??= count().finally(() => {
      counting = undefined
    })
    return counting
  }

  async function count(): Promise<readonly QueueDepth[]> {
    last = await queue.depths()
    countedAt = performance.now()
    return last
  }

  async function beat(running: number): Promise<void> {
    try {
      await store.beat({ id: workerId, host: hostname(), pid: process.pid, roles, running })
      await depths()
    } catch (error) {
      log.debug('worker-beat-fail', { err: error })
    }
  }

  return {
    async join(running) {
      await beat(running())
      timer = setInterval(() => {
        beating = beat(running())
      }, beatMs)
      timer.unref()
    },
    async leave() {
      if (!timer) return
      clearInterval(timer)
      timer = undefined
      await beating
      await store.leave(workerId).catch(() => {})
    },
    workers: () => store.workers(goneAfterMs),
    depths,
    lastDepths: () => last,
  }
}
