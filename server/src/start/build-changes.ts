import { identitiesChanged } from '../accounts/accounts.ts'
import { agentsChanged } from '../agents/lookup.ts'
import { type Changes, type ChangeTopic, createChanges } from '../changes/changes.ts'
import { jobsChanged } from '../jobs/changes.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import { modelsChanged } from '../models/catalogue.ts'
import { providersChanged } from '../providers/directory.ts'
import type { Ground } from './choose.ts'

/** What rooms tell each other on other replicas, pages are told too. */
const topics: readonly ChangeTopic[] = [
  { topic: agentsChanged, read: id => [{ kind: 'agent', id, userId: null }] },
  { topic: modelsChanged, read: id => [{ kind: 'model', id, userId: null }] },
  { topic: providersChanged, read: id => [{ kind: 'provider', id, userId: null }] },
  { topic: jobsChanged, read: ids => ids.split(' ').map(id => ({ kind: 'job', id, userId: null })) },
]

export function buildChanges({ database, bus }: Ground, { clock, log }: { clock: Clock; log: Log }): Changes {
  return createChanges({ database, bus, clock, log, topics, identitiesTopic: identitiesChanged })
}
