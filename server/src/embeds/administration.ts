import { randomBytes } from 'node:crypto'
import { embedTheme, Problem } from '@roundhouse/sdk/contract'
import type { QueryExecutorProvider } from 'kysely'
import { type Caller, mayManage, maySee } from '../accounts/caller.ts'
import { changeAgent, manageable, noAgent, visible } from '../agents/access.ts'
import type { Agent } from '../agents/agent.ts'
import { createAgentStore } from '../agents/store.ts'
import type { Ids } from '../kit/ids.ts'
import { withoutUndefined } from '../kit/without-undefined.ts'
import type { Database, WithinTransaction } from '../ports/database.ts'
import type { Embed, EmbedChange, EmbedFields } from './embed.ts'
import { createEmbedStore, type EmbedTables } from './store.ts'

/** The agent behind an address, and what may be done with it there. */
export type AgentPage = {
  readonly agent: Agent
  readonly mayRun: boolean
  readonly mayManage: boolean
  readonly shared: Embed | null
}

/**
 * Embeds of an agent, for those who may change it: each call throws Problem `agent-not-found` or `forbidden` for others.
 * What administrators do to those of others is in the audit log.
 */
export type EmbedAdministration = {
  /**
   * @throws Problem `forbidden` for a scope that the caller has not, and for an agent of the house when they are no user;
   * `conflict` for a second share page, `quota-exceeded`.
   */
  create(
    caller: Caller,
    agentId: string,
    fields: EmbedFields,
    within?: WithinTransaction<Embed>,
  ): Promise<Embed>
  list(caller: Caller, agentId: string): Promise<Embed[]>
  /** @throws Problem `resource-not-found`, and what `create` throws. */
  update(caller: Caller, agentId: string, id: string, change: EmbedChange): Promise<Embed>
  remove(caller: Caller, agentId: string, id: string): Promise<void>
  /** @throws Problem `agent-not-found`, `unauthenticated` where a credential could show more. */
  page(caller: Caller, slug: string): Promise<AgentPage>
}

/** Of one agent. */
const mostEmbeds = 50

export function createEmbedAdministration({
  database,
  ids,
  changed,
}: {
  database: Database<EmbedTables>
  ids: Ids
  /** Ends what every replica remembers of the embed. */
  changed: (id: string) => Promise<void>
}): EmbedAdministration {
  type Tables = Pick<EmbedTables, 'embeds' | 'embed_runs'>
  type Store = ReturnType<typeof createEmbedStore>

  function change<Result>(
    caller: Caller,
    agentId: string,
    action: string,
    work: (store: Store, db: QueryExecutorProvider, agent: Agent) => Promise<Result>,
  ): Promise<Result> {
    return changeAgent(database, { caller, id: agentId, action }, (_store, agent, db) =>
      work(createEmbedStore(db.withTables<Tables>()), db, agent),
    ).catch(error => {
      throw isTaken(error)
        ? new Problem(
            'conflict',
            'share_page: another embed of this agent has it. Take it away there first.',
            {
              cause: error,
            },
          )
        : error
    })
  }

  return {
    async create(caller, agentId, fields, within) {
      refuseScopes(caller, fields.scopes)
      const key = `rhe_${randomBytes(24).toString('base64url')}`
      return change(caller, agentId, 'embed-create', async (store, db, agent) => {
        if (agent.owner_id === null && caller.userId === null) throw noOne()
        if ((await store.list(agentId)).length >= mostEmbeds)
          throw new Problem('quota-exceeded', `An agent has ${mostEmbeds} embeds at most. Remove one first.`)
        const embed = await store.insert({
          id: ids.uuid(),
          agent_id: agentId,
          created_by: caller.userId,
          key,
          ...fields,
        })
        await within?.(db, embed)
        return embed
      })
    },

    list: (caller, agentId) =>
      database.as(caller, async db => {
        const found = await createAgentStore(db).find({ id: agentId })
        manageable(caller, visible(caller, found, { id: agentId }))
        return createEmbedStore(db).list(agentId)
      }),

    async update(caller, agentId, id, fields) {
      refuseScopes(caller, fields.scopes ?? [])
      const embed = await change(caller, agentId, 'embed-update', store =>
        store.update(agentId, id, withoutUndefined(fields)),
      )
      await changed(id)
      if (!embed) throw noEmbed(id)
      return embed
    },

    async remove(caller, agentId, id) {
      const embed = await change(caller, agentId, 'embed-remove', store => store.remove(agentId, id))
      await changed(id)
      if (!embed) throw noEmbed(id)
    },

    async page(caller, slug) {
      const agent = await createAgentStore(database.system).find({ slug })
      if (!agent) throw noAgent(caller, { slug })
      const manages = mayManage(caller, agent)
      const sees = manages || (agent.is_published && maySee(caller, agent))
      const shared = agent.is_published ? await createEmbedStore(database.system).shared(agent.id) : null
      if (!sees && !shared) throw noAgent(caller, { slug })
      const mayRun = sees && caller.role !== 'anonymous' && caller.scopes.has('agents')
      return { agent, mayRun, mayManage: manages, shared }
    },
  }
}

/** What the page of an agent shows without an embed. */
export const plainTheme = embedTheme.parse({})

/** An embed gives nobody more than they have. */
function refuseScopes(caller: Caller, scopes: EmbedFields['scopes']): void {
  const missing = scopes.find(scope => !caller.scopes.has(scope))
  if (missing !== undefined)
    throw new Problem('forbidden', `An embed with the scope ${missing} needs a caller who has it.`)
}

function noOne(): Problem {
  return new Problem(
    'forbidden',
    'An embed of an agent of the house acts as whoever makes it, and this credential belongs to no user. An administrator who is signed in can make it.',
  )
}

function noEmbed(id: string): Problem {
  return new Problem('resource-not-found', `This agent has no embed ${id}.`)
}

/** Of the keys that there are only that of the share page can be met. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505'
}
