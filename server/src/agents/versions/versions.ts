import { Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import { invariant } from '../../kit/invariant.ts'
import type { Database, WithinTransaction } from '../../ports/database.ts'
import { changeAgent, manageable, refuseBackend, visible } from '../access.ts'
import type { Agent, AgentVersion } from '../agent.ts'
import { type DeclaredNames, refuseDeclared } from '../declared-tools.ts'
import { refuseSecrets } from '../secret-tools.ts'
import { type AgentTables, createAgentStore, type Page } from '../store.ts'
import { createVersionStore } from './store.ts'

/** What an agent was, is and is to be for those who call it. For those who may change it. */
export type AgentVersions = {
  /** Makes the next version of the draft, and that is published. */
  publish(caller: Caller, id: string, within?: WithinTransaction<Agent>): Promise<Agent>
  /** Newest first. */
  versions(
    caller: Caller,
    id: string,
    options: { before: number | undefined; limit: number },
  ): Promise<{ agent: Agent; page: Page<AgentVersion> }>
  /** Publishes a version that was made before. @throws Problem `resource-not-found`; `forbidden` for a backend of its own. */
  rollback(caller: Caller, id: string, version: number): Promise<Agent>
}

export function createAgentVersions({
  database,
  declared,
  changed,
}: {
  database: Database<AgentTables>
  declared: DeclaredNames
  changed: (id: string) => Promise<void>
}): AgentVersions {
  return {
    async publish(caller, id, within) {
      const agent = await changeAgent(
        database,
        { caller, id, action: 'agent-publish' },
        async (store, { draft }, db) => {
          const added = await createVersionStore(db).add(id, draft, caller.userId)
          const published = await store.setPublished(id, added)
          invariant(published, 'a version that was just made can be published')
          await within?.(db, published)
          return published
        },
      )
      await changed(id)
      return agent
    },

    versions: (caller, id, options) =>
      database.as(caller, async db => {
        const found = await createAgentStore(db).find({ id })
        const agent = manageable(caller, visible(caller, found, { id }))
        return { agent, page: await createVersionStore(db).list(id, options) }
      }),

    async rollback(caller, id, version) {
      const agent = await changeAgent(
        database,
        { caller, id, action: 'agent-rollback', details: { version } },
        async (store, { slug, draft }, db) => {
          const wanted = await createVersionStore(db).find(id, version)
          if (!wanted) throw new Problem('resource-not-found', `Agent ${slug} has no version ${version}.`)
          // An administrator may have taken what was then away for a reason.
          refuseBackend(caller, wanted.config.railway_url, draft.railway_url)
          refuseSecrets(caller, wanted.config.tools, draft.tools)
          refuseDeclared(caller, declared, wanted.config.tools, draft.tools)
          const published = await store.setPublished(id, wanted)
          invariant(published, 'a version that is there can be published')
          return published
        },
      )
      await changed(id)
      return agent
    },
  }
}
