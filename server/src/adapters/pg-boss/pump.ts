import type { JobWithMetadata, PgBoss } from 'pg-boss'
import { z } from 'zod'
import { backoffMs } from '../../kit/backoff.ts'
import { createGroups } from '../../kit/groups.ts'
import type { Log } from '../../kit/log.ts'
import type { Delivery, Settlement } from '../../ports/queue.ts'

export type Pump = {
  /** There may be something. */
  wake(): void
  /** Fulfils when no more deliveries begin. */
  pause(): Promise<void>
  /** Gives back what is out. */
  close(): Promise<void>
}

/** By another hand, or by another version, there may be others. */
const carried = z.object({ job_id: z.uuid(), ticket: z.uuid() })
type Out = { id: string; retryCount: number; lost: AbortController }

/** Two lost beats are survivable: the queue waits for 10 s. */
const beatMs = 3000
const mostPerFetch = 100

/** Fetches what waits in one queue, up to `atOnce` at a time, and settles it in groups. */
export function createPump(options: {
  boss: PgBoss
  queue: string
  atOnce: number
  pollMs: number
  log: Log
  handle: (delivery: Delivery) => Promise<Settlement>
}): Pump {
  const { boss, queue, atOnce, pollMs, log, handle } = options
  const out = new Map<string, Out>()
  const settling = new Set<Promise<void>>()
  let paused = false
  let fetching: Promise<void> | undefined
  let again = false
  let failures = 0
  let timer: NodeJS.Timeout | undefined
  const beat = setInterval(() => void beatAll(), beatMs)
  beat.unref()
  const settle = createGroups<Out, void>(async group => {
    await boss.deleteJob(queue, group)
    return group.map(() => undefined)
  })

  function wake(): void {
    if (paused) return
    again = true
    fetching ??= fetchAll().finally(() => {
      fetching = undefined
      if (again && !paused && out.size < atOnce) wake()
    })
  }

  /** Until nothing waits or nothing is free. */
  async function fetchAll(): Promise<void> {
    clearTimeout(timer)
    while (!paused && out.size < atOnce) {
      again = false
      const wanted = Math.min(mostPerFetch, atOnce - out.size)
      try {
        const jobs = await boss.fetch<unknown>(queue, { batchSize: wanted, includeMetadata: true })
        failures = 0
        // An update gives its rows in any order.
        jobs.sort((a, b) => b.priority - a.priority || a.createdOn.getTime() - b.createdOn.getTime())
        for (const job of jobs) void begin(job)
        if (jobs.length < wanted && !again) break
      } catch (error) {
        failures += 1
        if (failures === 1) log.warn('queue-fetch-fail', { queue, err: error })
        break
      }
    }
    if (paused) return
    timer = setTimeout(wake, failures > 0 ? backoffMs(failures, 100, 2000) : pollMs)
    timer.unref()
  }

  async function begin(job: JobWithMetadata<unknown>): Promise<void> {
    const mine: Out = { id: job.id, retryCount: job.retryCount, lost: new AbortController() }
    out.set(job.id, mine)
    const settlement = await settlementOf(job, mine.lost.signal)
    // The next may begin while this one's ticket goes.
    if (out.get(job.id) === mine) out.delete(job.id)
    wake()
    const work = settlement === 'settled' ? settle.add(mine) : boss.fail(queue, mine)
    const settled = work.then(
      () => {},
      // Silent from now on, it is delivered again; then its row says that nothing is to be done.
      error => log.warn('queue-settle-fail', { queue, err: error }),
    )
    settling.add(settled)
    await settled
    settling.delete(settled)
  }

  async function settlementOf(
    { id, data }: JobWithMetadata<unknown>,
    signal: AbortSignal,
  ): Promise<Settlement> {
    try {
      const { job_id: jobId, ticket } = carried.parse(data)
      return await handle({ ticket, jobId, signal })
    } catch (error) {
      log.error('queue-handle-fail', { queue, delivery_id: id, err: error })
      return 'fault'
    }
  }

  async function beatAll(): Promise<void> {
    const beating = [...out.values()]
    if (beating.length === 0) return
    try {
      const kept = settledOf(await boss.touch(queue, beating))
      for (const one of beating) if (!kept.has(one.id)) one.lost.abort()
    } catch (error) {
      log.warn('queue-beat-fail', { queue, err: error })
    }
  }

  async function pause(): Promise<void> {
    paused = true
    clearTimeout(timer)
    await fetching
  }

  return {
    wake,
    pause,
    async close() {
      await pause()
      clearInterval(beat)
      await Promise.all(settling)
      for (const one of out.values()) one.lost.abort()
      if (out.size > 0) await boss.fail(queue, [...out.values()]).catch(() => {})
    },
  }
}

/** The ids that a command reached. Its type does not say that they are there. */
function settledOf(response: object): Set<unknown> {
  const ids = 'settled' in response ? response.settled : undefined
  if (!Array.isArray(ids)) throw new Error('pg-boss does not tell which beats counted.')
  return new Set(ids)
}
