import { type QueryExecutorProvider, sql } from 'kysely'
import type { Owned } from '../accounts/caller.ts'

/** Kinds whose things have an owner, and may be for others to see. */
export const ownedKinds = ['agent', 'collection', 'job', 'model', 'report', 'run'] as const

export type OwnedKind = (typeof ownedKinds)[number]
export type OwnedThing = Owned & { kind: OwnedKind; id: string }

/** Whose the things are that changed. Not there: removed. */
export function createChangeStore(db: QueryExecutorProvider) {
  return {
    async owners(ids: Readonly<Record<OwnedKind, readonly string[]>>): Promise<OwnedThing[]> {
      const { rows } = await sql<OwnedThing>`
        select 'agent' as kind, id, owner_id, case when is_published then visibility else 'private' end as visibility
        from agents where id = any(${ids.agent}::uuid[])
        union all
        select 'collection', id, owner_id, visibility from knowledge_collections where id = any(${ids.collection}::uuid[])
        union all
        select 'job', id, owner_id, 'private' from jobs where id = any(${ids.job}::uuid[])
        union all
        select 'model', id, owner_id, visibility from models where id = any(${ids.model}::uuid[])
        union all
        select 'report', id, owner_id, visibility from reports where id = any(${ids.report}::uuid[])
        union all
        select 'run', id, owner_id, 'private' from runs where id = any(${ids.run}::uuid[])`.execute(db)
      return rows
    },
  }
}
