import type { AgentConfig } from '@roundhouse/sdk/contract'
import { type Kysely, sql } from 'kysely'
import type { AgentVersion } from '../agent.ts'
import { type AgentTables, boundedPage, type Page, storedConfig } from '../store.ts'

type VersionRow = Omit<AgentVersion, 'config'> & { config: unknown }

/** SQL of the versions. That they never change, and go with their agent alone, is the database's to keep. */
export function createVersionStore(db: Kysely<AgentTables>) {
  return {
    /** The next one of an agent that is locked. */
    async add(agentId: string, config: AgentConfig, createdBy: string | null): Promise<AgentVersion> {
      const next = sql<number>`(
        select coalesce(max(version), 0) + 1 from agent_versions where agent_id = ${agentId})`
      const row = await db
        .insertInto('agent_versions')
        .values({ agent_id: agentId, version: next, config: JSON.stringify(config), created_by: createdBy })
        .returningAll()
        .executeTakeFirstOrThrow()
      return toVersion(row)
    },

    async find(agentId: string, version: number): Promise<AgentVersion | null> {
      const row = await db
        .selectFrom('agent_versions')
        .selectAll()
        .where('agent_id', '=', agentId)
        .where('version', '=', version)
        .executeTakeFirst()
      return row ? toVersion(row) : null
    },

    async newest(agentId: string): Promise<AgentVersion | null> {
      const row = await db
        .selectFrom('agent_versions')
        .selectAll()
        .where('agent_id', '=', agentId)
        .orderBy('version', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row ? toVersion(row) : null
    },

    async list(
      agentId: string,
      { before, limit }: { before: number | undefined; limit: number },
    ): Promise<Page<AgentVersion>> {
      const older = before === undefined ? sql`true` : sql`version < ${before}`
      const found = sql`select * from agent_versions where agent_id = ${agentId} and ${older}`
      const { rows, hasMore } = await boundedPage<VersionRow>(db, found, {
        order: 'version',
        json: 'config',
        limit,
      })
      return { rows: rows.map(toVersion), hasMore }
    },
  }
}

function toVersion({ agent_id, version, config, created_by, created_at }: VersionRow): AgentVersion {
  return { agent_id, version, config: storedConfig.parse(config), created_by, created_at }
}
