import type { Kysely } from 'kysely'
import type { Jobs, Json } from '../jobs/job.ts'
import type { Ids } from '../kit/ids.ts'
import type { TaskDefinition } from './definitions.ts'
import { createTaskStore, type StoredRun, type TaskTables } from './store.ts'

/** How a run comes about. */
export type Occasion = {
  cause: StoredRun['cause']
  tick: Date | null
  input: Record<string, Json>
}

/**
 * Adds the run and its job, in the caller's transaction.
 * @throws Problem `conflict` while a run of a singleton has not ended; the transaction may go on.
 */
export type BeginRun = (
  db: Kysely<TaskTables>,
  task: TaskDefinition,
  occasion: Occasion,
) => Promise<StoredRun>

export const taskJobKind = 'task'

export function createBeginRun({ jobs, ids }: { jobs: Pick<Jobs<TaskTables>, 'add'>; ids: Ids }): BeginRun {
  return async (db, { name, attempts, singleton }, occasion) => {
    const job = await jobs.add(db, {
      kind: taskJobKind,
      ownerId: null,
      payload: { task: name },
      maxAttempts: attempts,
      ...(singleton ? { uniqueKey: name } : {}),
    })
    return createTaskStore(db).insertRun({ ...occasion, id: ids.uuid(), task: name, job_id: job.id })
  }
}
