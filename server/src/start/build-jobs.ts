import { availableParallelism } from 'node:os'
import type { JobHandler, JobObserver, Jobs, Worker } from '../jobs/job.ts'
import { createJobs } from '../jobs/jobs.ts'
import { createPresence, type Presence } from '../jobs/presence/presence.ts'
import { createWorker } from '../jobs/worker.ts'
import { systemClock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import { type Companion, createWorkerDoor } from '../worker/door.ts'
import type { Ground, HouseTables } from './choose.ts'
import type { Config } from './settings.ts'

export type BuiltJobs = {
  jobs: Jobs<HouseTables>
  /** Works once it is started, on the kinds that `handlers` has then. */
  worker: Worker
  presence: Presence
  /** Of every kind of job there is. Who has one adds it here before the worker starts. */
  handlers: JobHandler<HouseTables>[]
  /** Start and stop with the worker; added like handlers. */
  companions: Companion[]
}

export function buildJobs(
  config: Config,
  ground: Ground,
  ids: Ids,
  log: Log,
  observer: JobObserver,
): BuiltJobs {
  const { database, queue, bus } = ground
  const handlers: JobHandler<HouseTables>[] = []
  const companions: Companion[] = []
  const shared = { database, queue, bus, ids, log, observer, handlers: () => handlers }
  const presence = createPresence({ database, queue, log, workerId: ids.uuid(), roles: config.ROLES })
  const worker = createWorker({ ...shared, concurrency: config.JOB_CONCURRENCY ?? availableParallelism() })
  return {
    jobs: createJobs({ ...shared, now: systemClock.now, retentionDays: config.JOB_RETENTION_DAYS }),
    worker: createWorkerDoor({ worker, presence, companions }),
    presence,
    handlers,
    companions,
  }
}
