import { Problem } from '@roundhouse/sdk/contract'
import { type Caller, mayManage, maySee } from '../accounts/caller.ts'
import type { Clock } from '../kit/clock.ts'
import { createFreshCache } from '../kit/fresh-cache.ts'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import type { Database } from '../ports/database.ts'
import { noAgent } from './access.ts'
import type { Agent, AgentLookup, AgentTarget, RunnableAgent } from './agent.ts'
import { type AgentTables, createAgentStore, type KnownAgent } from './store.ts'
import { createVersionStore } from './versions/store.ts'

/** Bus topic; the message is the id of an agent that was changed, published, taken back or removed. */
export const agentsChanged = 'agents'

/** How old an agent may be where the bus is not heard. */
const staleMs = 5000
/** Each may hold a megabyte of prompts and knowledge. */
const mostKnown = 200

/** The agents in memory, so that the start of a run asks no database. */
export type AgentMemory = {
  lookup: AgentLookup
  /** Ends what every replica remembers of the agent. */
  changed(id: string): Promise<void>
  close(): void
}

export function createAgentMemory({
  database,
  bus,
  clock,
  log,
}: {
  database: Database<AgentTables>
  bus: Bus
  clock: Clock
  log: Log
}): AgentMemory {
  const system = createAgentStore(database.system)
  const known = createFreshCache<AgentTarget, KnownAgent>({
    load: async target => (await system.findKnown(target)) ?? undefined,
    clock,
    staleMs,
    max: mostKnown,
  })

  function forget(id: string): void {
    known.forget(({ agent }) => agent.id === id)
  }

  const stopListening = bus.subscribe(agentsChanged, forget)
  const stopGaps = bus.onGap(known.clear)

  async function olderVersion(agent: Agent, version: number): Promise<RunnableAgent> {
    const found = await createVersionStore(database.system).find(agent.id, version)
    if (found) return { agent, version, config: found.config }
    throw new Problem('agent-not-found', `Agent ${agent.slug} has no version ${version}.`)
  }

  return {
    lookup: {
      async runnable(caller, target, version) {
        const key = 'id' in target ? target.id : `slug:${target.slug}`
        const found = await known.get(key, target)
        if (!found) throw noAgent(caller, target)
        const { agent, published } = found
        const manages = mayManage(caller, agent)
        if (!manages) refuseUnlessShared(caller, agent, target)
        const draft: RunnableAgent = { agent, version: null, config: agent.draft }
        if (published && (version ?? agent.published_version) === agent.published_version)
          return { agent, version: agent.published_version, config: published }
        if (!manages) throw onlyPublished(agent)
        return typeof version === 'number' ? olderVersion(agent, version) : draft
      },

      async published(caller) {
        const agents = await database.as(caller, db => createAgentStore(db).published())
        return agents.filter(agent => maySee(caller, agent))
      },
    },

    async changed(id) {
      forget(id)
      // The row is committed; a replica that does not hear of it knows within `staleMs`.
      await bus.publish(agentsChanged, id).catch(error => log.warn('bus-publish-fail', { err: error }))
    },

    close() {
      stopListening()
      stopGaps()
    },
  }
}

/** @throws Problem `agent-not-found`, `forbidden`, `unauthenticated`. */
function refuseUnlessShared(caller: Caller, agent: Agent, target: AgentTarget): void {
  if (agent.is_published && maySee(caller, agent)) return
  if (agent.is_published || caller.role === 'anonymous') throw noAgent(caller, target)
  throw new Problem(
    'forbidden',
    'This agent is not published, and not yours: only its owner and administrators may run it.',
  )
}

function onlyPublished(agent: Agent): Problem {
  return new Problem(
    'forbidden',
    `Agent ${agent.slug} is not yours: only its owner and administrators may run its draft, or a version that is not published.`,
  )
}
