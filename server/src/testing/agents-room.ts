import { agentConfig } from '@roundhouse/sdk/contract'
import { type Kysely, sql } from 'kysely'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import type { NewAgentDraft } from '../agents/agent.ts'
import { type Agents, createAgents } from '../agents/agents.ts'
import { type AgentTables, createAgentStore } from '../agents/store.ts'
import { createVersionStore } from '../agents/versions/store.ts'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import type { Database } from '../ports/database.ts'
import { assertGuardrails } from '../runs/guards/rule.ts'
import { assertSchema } from '../runs/loop/schema.ts'
import { defer, type Scope } from './defer.ts'
import { openTestDatabase } from './open-test-database.ts'

export type AgentsRoom = {
  database: Database<AgentTables>
  /** Of the owner of its tables, a superuser. */
  adminUrl: string
  /** These see and change every row. */
  system: ReturnType<typeof createAgentStore>
  versions: ReturnType<typeof createVersionStore>
  agents: Agents
  /** The same without row-level security: what is left is the check in memory. */
  unguarded: Agents
  /** Another process on the same database and bus. */
  replica: Agents
  /** The actions that the audit log holds of an agent, in order. */
  auditOf(id: string): Promise<string[]>
}

/** The agents room on a real database. */
export async function openAgentsRoom(scope: Scope): Promise<AgentsRoom> {
  const { database, adminUrl } = await openTestDatabase<AgentTables>(scope, { max: 4, systemMax: 2 })
  const bus = createInProcessBus()
  defer(scope, bus.close)

  function room(over: Database<AgentTables>): Agents {
    const common = {
      bus,
      clock: systemClock,
      ids: createIds(),
      log: silentLog,
      checkSchema: assertSchema,
      declared: { queries: ['prices'], tools: ['convert'] },
      checkGuardrails: assertGuardrails,
    }
    const agents = createAgents({ ...common, database: over })
    defer(scope, agents.close)
    return agents
  }

  return {
    database,
    adminUrl,
    system: createAgentStore(database.system),
    versions: createVersionStore(database.system),
    agents: room(database),
    unguarded: room({ ...database, as: (_caller, work) => database.asSystem(work) }),
    replica: room(database),
    auditOf: id => auditOf(database.system, id),
  }
}

/** A draft with this name; the rest is of the configuration. */
export function draftOf(
  name: string,
  {
    slug,
    description,
    visibility,
    ...config
  }: Partial<Omit<NewAgentDraft, 'name' | 'config'>> & Partial<NewAgentDraft['config']> = {},
): NewAgentDraft {
  return { name, slug, description, visibility, config: agentConfig.parse({ model: 'demo/demo', ...config }) }
}

async function auditOf<Tables>(system: Kysely<Tables>, id: string): Promise<string[]> {
  const { rows } = await sql<{ action: string }>`
    select action from audit_entries where target = ${id} order by seq`.execute(system)
  return rows.map(row => row.action)
}
