import { statfs } from 'node:fs/promises'
import type { Clock } from '../../kit/clock.ts'
import type { Finding } from './store.ts'

/** Looks for one kind of trouble. */
export type Watch = {
  /** Of every finding it gives. */
  readonly type: string
  /** What is wrong now; nothing when all is well. */
  look(): Promise<readonly Finding[]>
}

const windowMs = 300_000
/** Of fewer answers a share says nothing. */
const leastRequests = 20
const jobsWindowMs = 3_600_000
const mostListed = 10

/**
 * The share of 5xx in the answers of this process in the last five minutes.
 * @param requests Counts since the start of the process; `failed` are the 5xx.
 * @param rate From this share on it is a finding, 0 to 1.
 */
export function highErrorRate({
  requests,
  rate,
  host,
  clock,
}: {
  requests: () => { total: number; failed: number }
  rate: number
  host: string
  clock: Clock
}): Watch {
  let looks: { atMs: number; total: number; failed: number }[] = []
  return {
    type: 'high-error-rate',
    async look() {
      const last = { atMs: clock.now(), ...requests() }
      const begin = looks.findLastIndex(({ atMs }) => atMs <= last.atMs - windowMs)
      looks = [...looks.slice(Math.max(0, begin)), last]
      const first = looks[0] ?? last
      const total = last.total - first.total
      const failed = last.failed - first.failed
      const share = failed / total
      if (total < leastRequests || share < rate) return []
      return [
        {
          key: `high-error-rate:${host}`,
          type: 'high-error-rate',
          severity: 'critical',
          summary: `${failed} of ${total} requests (${percent(share)}) failed on ${host} in five minutes.`,
          details: { host, requests: total, failed, share: Math.round(share * 10_000) / 10_000, limit: rate },
        },
      ]
    },
  }
}

/** The file system that holds the folder has fewer bytes left for this process than `minFreeBytes`. */
export function lowDisk({
  folder,
  minFreeBytes,
  host,
}: {
  folder: string
  minFreeBytes: number
  host: string
}): Watch {
  return {
    type: 'low-disk',
    async look() {
      const { bavail, bsize } = await statfs(folder)
      const freeBytes = bavail * bsize
      if (freeBytes >= minFreeBytes) return []
      return [
        {
          key: `low-disk:${host}`,
          type: 'low-disk',
          severity: 'critical',
          summary: `The disk of ${host} has ${megabytes(freeBytes)} left, less than ${megabytes(minFreeBytes)}.`,
          details: { host, free_bytes: freeBytes, limit_bytes: minFreeBytes },
        },
      ]
    },
  }
}

/**
 * Jobs were given up in the last hour, through no fault of who asked for them: an hour, and not since the last look, so
 * that a restart misses none.
 */
export function jobsFailed({
  failedJobs,
  clock,
}: {
  failedJobs: (since: Date) => Promise<{ kind: string; count: number }[]>
  clock: Clock
}): Watch {
  return {
    type: 'jobs-failed',
    async look() {
      const kinds = await failedJobs(new Date(clock.now() - jobsWindowMs))
      const count = kinds.reduce((sum, kind) => sum + kind.count, 0)
      if (count === 0) return []
      return [
        {
          key: 'jobs-failed',
          type: 'jobs-failed',
          severity: 'warning',
          summary: `${count} ${count === 1 ? 'job was' : 'jobs were'} given up in the last hour.`,
          details: { count, kinds: Object.fromEntries(kinds.map(({ kind, count }) => [kind, count])) },
        },
      ]
    },
  }
}

/**
 * Tasks whose last run failed; each until a run of it succeeds.
 * @param failedTasks One for each such task; `error` is a sentence.
 */
export function taskFailed(
  failedTasks: () => Promise<readonly { task: string; runId: string; error: string }[]>,
): Watch {
  return {
    type: 'task-failed',
    async look() {
      const failed = await failedTasks()
      return failed.slice(0, mostListed).map(({ task, runId, error }) => ({
        key: `task-failed:${task}`,
        type: 'task-failed',
        severity: 'warning',
        summary: `The task ${task} failed: ${error}`,
        details: { task, run_id: runId },
      }))
    },
  }
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1_000_000).toLocaleString('en')} MB`
}
