import { isDeepStrictEqual } from 'node:util'
import { agentConfig, Problem } from '@roundhouse/sdk/contract'
import { serviceCaller } from '../accounts/caller.ts'
import type { Ids } from '../kit/ids.ts'
import type { Database } from '../ports/database.ts'
import type { NewAgentDraft } from './agent.ts'
import { slugOf } from './slug.ts'
import { type AgentTables, createAgentStore } from './store.ts'
import { createVersionStore } from './versions/store.ts'

const caller = serviceCaller('config-file')

/**
 * Makes the house have this agent, published. A new version is made when the configuration is not that of the newest one:
 * whoever rolled back, or took the agent back, is not overruled by the next start.
 * @returns The id when anything was changed.
 * @throws Problem `conflict` when the slug belongs to a user's agent.
 */
export function declareAgent(
  database: Database<AgentTables>,
  ids: Ids,
  { name, slug = slugOf(name), description = null, visibility = 'private', config }: NewAgentDraft,
): Promise<string | null> {
  // As it will be read: without what is undefined.
  const draft = agentConfig.parse(JSON.parse(JSON.stringify(config)))
  const about = { name, description, visibility, draft }
  return database.as(caller, async (db, audit) => {
    const store = createAgentStore(db)
    const made = await store.insert({ id: ids.uuid(), owner_id: null, slug, ...about })
    // Another process may have been faster; its transaction is over then.
    const found = made ?? (await store.find({ slug }))
    const before = found && (await store.lock(found.id))
    if (!before || before.owner_id !== null)
      throw new Problem('conflict', `slug: ${slug} belongs to an agent of a user. Choose another one.`)
    const { id } = before
    const versions = createVersionStore(db)
    const newest = await versions.newest(id)
    const isNew = !isDeepStrictEqual(newest?.config, draft)
    const known = {
      name: before.name,
      description: before.description,
      visibility: before.visibility,
      draft: before.draft,
    }
    if (!isNew && isDeepStrictEqual(known, about)) return null
    await store.update(id, about)
    if (isNew) await store.setPublished(id, await versions.add(id, draft, null))
    if (!made) await audit('agent-declare', id, { agent: slug, is_new_version: isNew })
    return id
  })
}
