import { type AgentConfig, type Guardrail, isProblem, Problem, unaffordable } from '@roundhouse/sdk/contract'
import { type Caller, mayEverything, serviceCaller } from '../accounts/caller.ts'
import { ownerOf } from '../accounts/ownership.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import { withoutUndefined } from '../kit/without-undefined.ts'
import type { Bus } from '../ports/bus.ts'
import type { Database, WithinTransaction } from '../ports/database.ts'
import { changeAgent, noAgent, refuseBackend, visible } from './access.ts'
import type { Agent, AgentLookup, AgentTarget, AgentUpdate, ConfigUpdate, NewAgentDraft } from './agent.ts'
import { declareAgent } from './declare.ts'
import { type DeclaredNames, refuseDeclared } from './declared-tools.ts'
import { createAgentMemory } from './lookup.ts'
import { refuseSecrets } from './secret-tools.ts'
import { slugsFor } from './slug.ts'
import { type AgentStore, type AgentTables, createAgentStore, type Page } from './store.ts'
import { type AgentVersions, createAgentVersions } from './versions/versions.ts'

/**
 * The life of an agent. What a caller may not see is answered with `agent-not-found` as if it were not there, what they
 * may see and not change with `forbidden`; row-level security says the same once more. What a caller creates is theirs,
 * of the service-role key the house's.
 */
export type Agents = AgentVersions &
  AgentLookup & {
    /** @throws Problem `conflict` for a slug that is taken, `quota-exceeded`, `invalid-request`, `forbidden`. */
    create(caller: Caller, draft: NewAgentDraft, within?: WithinTransaction<Agent>): Promise<Agent>
    get(caller: Caller, target: AgentTarget): Promise<Agent>
    /** What the caller may see, newest first. */
    list(caller: Caller, options: { beforeId: string | undefined; limit: number }): Promise<Page<Agent>>
    /** Changes the draft; what is published stays. @throws Problem `conflict` for a slug that is taken, `invalid-request`. */
    update(caller: Caller, id: string, change: AgentUpdate): Promise<Agent>
    /** With its versions; its runs stay, for what was paid. */
    remove(caller: Caller, id: string): Promise<void>
    /**
     * Makes the house have this agent, published: makes it when it is missing, gives it what is declared, and publishes a
     * new version when the configuration is not that of the newest one. Several processes may do so at once.
     * @throws Problem `conflict` when the slug belongs to a user's agent, `invalid-request`.
     */
    declare(draft: NewAgentDraft): Promise<void>
    close(): void
  }

const houseCaller = serviceCaller('config-file')
/** Of one user. */
const mostAgents = 200

export function createAgents(dependencies: {
  database: Database<AgentTables>
  bus: Bus
  clock: Clock
  ids: Ids
  log: Log
  /** @throws Problem `invalid-request` for what is no JSON Schema, or takes too long to compile. */
  checkSchema: (schema: Readonly<Record<string, unknown>>) => Promise<unknown>
  /** @throws Problem `invalid-request` for rules that cannot be kept. */
  checkGuardrails: (rules: readonly Guardrail[]) => Promise<void>
  /** What tools of the types `query` and `code` may refer to. */
  declared: DeclaredNames
}): Agents {
  const { database, ids, checkSchema, checkGuardrails, declared } = dependencies
  const memory = createAgentMemory(dependencies)

  async function checkConfig({ output_schema, guardrails, tools = [] }: ConfigUpdate): Promise<void> {
    if (guardrails) await checkGuardrails(guardrails)
    if (output_schema) await checkField('output_schema', output_schema)
    for (const [index, tool] of tools.entries())
      if (tool.type === 'http' && tool.parameters)
        await checkField(`tools[${index}].parameters`, tool.parameters)
  }

  async function checkField(field: string, schema: Readonly<Record<string, unknown>>): Promise<void> {
    try {
      await checkSchema(schema)
    } catch (error) {
      if (!isProblem(error)) throw error
      throw new Problem(error.code, `${field}: ${error.message}`, { cause: error })
    }
  }

  return {
    ...createAgentVersions({ database, declared, changed: memory.changed }),
    ...memory.lookup,

    async create(caller, draft, within) {
      const ownerId = ownerOf(caller, 'an agent', 'Agents are made by users')
      refuseBackend(caller, draft.config.railway_url, null)
      refuseDeclared(caller, declared, draft.config.tools, [])
      refuseSecrets(caller, draft.config.tools, [])
      await checkConfig(draft.config)
      return database.as(caller, async db => {
        const store = createAgentStore(db)
        if (ownerId !== null && (await store.countLocked(ownerId)) >= mostAgents)
          throw new Problem(
            'quota-exceeded',
            `A user has ${mostAgents} agents at most. Remove some with DELETE /api/v1/agents/{id}.`,
          )
        const agent = await insertAgent(store, ids, ownerId, draft)
        await within?.(db, agent)
        return agent
      })
    },

    async get(caller, target) {
      return visible(caller, await database.as(caller, db => createAgentStore(db).find(target)), target)
    },

    list: (caller, options) =>
      database.as(caller, db =>
        createAgentStore(db).list({ ...options, seenBy: mayEverything(caller) ? undefined : caller.userId }),
      ),

    async update(caller, id, { config = {}, unpublish = false, ...change }) {
      await checkConfig(config)
      const fields = Object.keys(withoutUndefined({ ...change, ...config }))
      const details = { fields: unpublish ? [...fields, 'is_published'] : fields }
      const agent = await changeAgent(
        database,
        { caller, id, action: 'agent-update', details },
        async (store, before) => {
          const draft = { ...before.draft, ...withoutUndefined(config) }
          refuseBackend(caller, draft.railway_url, before.draft.railway_url)
          if (config.tools) refuseDeclared(caller, declared, config.tools, before.draft.tools)
          if (config.tools) refuseSecrets(caller, config.tools, before.draft.tools)
          refuseLimit(draft)
          if (unpublish) await store.unpublish(id)
          const after = await store.update(id, { ...withoutUndefined(change), draft })
          if (after) return after
          throw noAgent(caller, { id })
        },
      ).catch(error => {
        throw isTaken(error) ? taken(change.slug, error) : error
      })
      await memory.changed(id)
      return agent
    },

    async remove(caller, id) {
      await changeAgent(database, { caller, id, action: 'agent-remove' }, store => store.remove(id))
      await memory.changed(id)
    },

    async declare(draft) {
      refuseDeclared(houseCaller, declared, draft.config.tools, [])
      await checkConfig(draft.config)
      const changed = await declareAgent(database, ids, draft)
      if (changed !== null) await memory.changed(changed)
    },

    close: memory.close,
  }
}

/** The contract sees what a change names, and not what stays. @throws Problem `invalid-request`. */
function refuseLimit(draft: AgentConfig): void {
  const why = unaffordable(draft)
  if (why !== null) throw new Problem('invalid-request', `limits.max_credits: ${why}`)
}

/** @throws Problem `conflict` for a slug that was asked for and is taken. */
async function insertAgent(
  store: AgentStore,
  ids: Ids,
  owner_id: string | null,
  { name, slug: wanted, description = null, visibility = 'private', config }: NewAgentDraft,
): Promise<Agent> {
  const slugs = wanted === undefined ? slugsFor(name, () => ids.uuid().slice(-8)) : [wanted]
  for (const slug of slugs) {
    const id = ids.uuid()
    const agent = await store.insert({ id, owner_id, slug, name, description, visibility, draft: config })
    if (agent) return agent
  }
  throw taken(wanted)
}

function taken(slug = '', cause?: unknown): Problem {
  return new Problem('conflict', `slug: ${slug} belongs to another agent already. Choose another one.`, {
    cause,
  })
}

/** The only key that a change can meet again. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505'
}
