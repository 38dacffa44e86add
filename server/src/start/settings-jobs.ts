import { z } from 'zod'

const role = z.enum(['api', 'worker'], { error: 'takes api, worker or both with a comma between' })

/** Settings of what works in the background. */
export const jobSettings = {
  ROLES: {
    schema: z
      .string()
      .transform(text => [...new Set(text.split(',').map(name => name.trim()))])
      .pipe(z.array(role)),
    default: 'api,worker',
    meaning:
      'What this process does: `api` answers requests, `worker` works on jobs. One that is only a worker answers nothing but `/health`, `/api/v1/live`, `/api/v1/ready` and `/metrics`.',
  },
  JOB_CONCURRENCY: {
    schema: z.coerce.number().int().min(1).max(1000),
    default: undefined,
    meaning:
      'Long jobs (batches, tasks) that one worker works on at once, of each kind. As many as there are cores.',
  },
  RUN_CONCURRENCY: {
    schema: z.coerce.number().int().min(1).max(10_000),
    default: '256',
    meaning:
      'Runs of agents that one process does at once for those who wait for them; more are answered 503. Those of workers are not counted.',
  },
  JOB_RETENTION_DAYS: {
    schema: z.coerce.number().int().min(1).max(3650),
    default: '7',
    meaning: 'Days that a job is kept after its end, with its result, and the events of a run after its end.',
  },
  THREAD_RETENTION_DAYS: {
    schema: z.coerce.number().int().min(1).max(3650),
    default: '365',
    meaning: 'Days that a thread of runs is kept, with its messages, when nobody uses it.',
  },
} as const
