import { Problem } from '@roundhouse/sdk/contract'
import type { Kysely } from 'kysely'
import { type Caller, mayEverything, mayManage, maySee } from '../accounts/caller.ts'
import { isNotOwn, needsCredential } from '../accounts/ownership.ts'
import type { Database } from '../ports/database.ts'
import type { Agent, AgentTarget } from './agent.ts'
import { type AgentStore, type AgentTables, createAgentStore } from './store.ts'

/**
 * What is said of an agent that is not there, and of one that the caller may not see: the same. Who has no credential
 * is asked for one, whatever there is.
 */
export function noAgent(caller: Caller, target: AgentTarget): Problem {
  if (caller.role === 'anonymous') return needsCredential('Agents answer nobody without a key or token')
  return new Problem(
    'agent-not-found',
    'id' in target
      ? `There is no agent with the id ${target.id}.`
      : `There is no agent with the slug ${target.slug}.`,
  )
}

/** Until it is published an agent is for those alone who may change it. @throws Problem `agent-not-found`, `unauthenticated`. */
export function visible(caller: Caller, agent: Agent | null, target: AgentTarget): Agent {
  if (agent && (mayManage(caller, agent) || (agent.is_published && maySee(caller, agent)))) return agent
  throw noAgent(caller, target)
}

/** @throws Problem `forbidden`, for an agent that the caller may see. */
export function manageable(caller: Caller, agent: Agent): Agent {
  if (mayManage(caller, agent)) return agent
  throw new Problem(
    'forbidden',
    `Agent ${agent.slug} is not yours: only its owner and administrators may change it.`,
  )
}

/**
 * What is said, and our secret, go to an agent's backend, so that its owner may keep it and not choose it.
 * @param approved What an administrator has chosen. @throws Problem `forbidden`.
 */
export function refuseBackend(caller: Caller, chosen: string | null, approved: string | null): void {
  if (chosen === null || chosen === approved || mayEverything(caller)) return
  throw new Problem('forbidden', 'railway_url: only administrators may choose where an agent is run.')
}

/**
 * Changes an agent that the caller may change, in one transaction; nobody else changes it meanwhile. What is done to
 * another's agent or one of the house leaves an entry in the audit log.
 */
export function changeAgent<Result>(
  database: Database<AgentTables>,
  { caller, id, action, details }: AgentAct,
  work: (store: AgentStore, before: Agent, db: Kysely<AgentTables>) => Promise<Result>,
): Promise<Result> {
  return database.as(caller, async (db, audit) => {
    const store = createAgentStore(db)
    manageable(caller, visible(caller, await store.find({ id }), { id }))
    const before = await store.lock(id)
    if (!before) throw noAgent(caller, { id })
    const result = await work(store, before, db)
    if (isNotOwn(caller, before))
      await audit(action, id, { agent: before.slug, owner_id: before.owner_id, ...details })
    return result
  })
}

type AgentAct = {
  caller: Caller
  id: string
  /** For the audit log, noun-verb. */
  action: string
  details?: Record<string, unknown>
}
