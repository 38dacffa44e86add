import { agentConfig } from '@roundhouse/sdk/contract'
import type { QueryExecutorProvider } from 'kysely'
import { createIds } from '../kit/ids.ts'
import type { Rights } from '../runs/rows.ts'
import { nothingDone, type Run } from '../runs/run.ts'
import { createRunStore } from '../runs/store.ts'

export const memberRights: Rights = {
  role: 'member',
  credential: 'test',
  kind: 'api-key',
  scopes: ['agents', 'read', 'predict'],
}

const ids = createIds()

/** A run under way in the house's name, as it is at its start, but for `more`. */
export function newRun(more: Partial<Run> = {}): Run {
  const createdAt = new Date()
  return {
    id: ids.uuid(),
    agentId: ids.uuid(),
    agentVersion: 1,
    ownerId: null,
    threadId: null,
    parentId: null,
    depth: 0,
    status: 'running',
    mode: 'inline',
    config: agentConfig.parse({ model: 'demo/demo' }),
    input: [{ role: 'user', content: 'Hello' }],
    memory: [],
    isCharged: true,
    ...nothingDone,
    requestId: null,
    createdAt,
    startedAt: createdAt,
    ...more,
  }
}

/** The same with its row and its first event. */
export async function storedRun(db: QueryExecutorProvider, more: Partial<Run> = {}): Promise<Run> {
  const run = newRun(more)
  const data = JSON.stringify({ type: 'run-start', run_id: run.id })
  await createRunStore(db).insert(run, memberRights, [{ seq: 1, data }])
  return run
}
