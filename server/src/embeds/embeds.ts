import type { Accounts } from '../accounts/accounts.ts'
import type { AgentLookup } from '../agents/agent.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { Counters } from '../ports/counters.ts'
import type { Database } from '../ports/database.ts'
import type { Runs } from '../runs/run.ts'
import { createEmbedAdministration, type EmbedAdministration } from './administration.ts'
import { createEmbedDoor, type EmbedDoor } from './door.ts'
import { createEmbedMemory } from './memory.ts'
import type { EmbedTables } from './store.ts'
import { createVisitorTokens } from './visitors.ts'

/** Agents on the pages of others: who may change an embed does so here, its visitors come by the door. */
export type Embeds = EmbedAdministration & { door: EmbedDoor; close(): void }

export function createEmbeds(dependencies: {
  database: Database<EmbedTables>
  bus: Bus
  counters: Counters
  accounts: Pick<Accounts, 'owner'>
  agents: Pick<AgentLookup, 'runnable'>
  runs: Runs
  secretKeys: readonly string[]
  publicUrl: string
  clock: Clock
  ids: Ids
  log: Log
}): Embeds {
  const memory = createEmbedMemory(dependencies)
  const tokens = createVisitorTokens(dependencies)
  const ownOrigin = new URL(dependencies.publicUrl).origin
  return {
    ...createEmbedAdministration({ ...dependencies, changed: memory.changed }),
    door: createEmbedDoor({ ...dependencies, memory, tokens, ownOrigin }),
    close: memory.close,
  }
}
