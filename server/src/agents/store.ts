import { type AgentConfig, agentConfig, type Visibility } from '@roundhouse/sdk/contract'
import {
  type ColumnType,
  type Generated,
  type GeneratedAlways,
  type Kysely,
  type RawBuilder,
  sql,
} from 'kysely'
import { z } from 'zod'
import type { Agent, AgentSummary, AgentTarget, AgentVersion } from './agent.ts'

/** Written as text: json keeps it as it is. */
type Json = ColumnType<unknown, string, string>

type AgentsTable = {
  id: string
  owner_id: string | null
  slug: string
  name: string
  description: string | null
  visibility: Generated<Visibility>
  published_version: number | null
  is_published: GeneratedAlways<boolean>
  published_price: string | number | null
  draft: Json
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

type AgentVersionsTable = {
  agent_id: string
  version: number
  config: Json
  created_by: string | null
  created_at: Generated<Date>
}

export type AgentTables = { agents: AgentsTable; agent_versions: AgentVersionsTable }

type SummaryRow = Omit<AgentSummary, 'published_price'> & { published_price: string | number | null }
type AgentRow = SummaryRow & { draft: unknown }

type NewAgent = Pick<Agent, 'id' | 'owner_id' | 'slug' | 'name' | 'description' | 'visibility' | 'draft'>

/** Absent fields stay as they are. */
type AgentChange = Partial<Pick<Agent, 'slug' | 'name' | 'description' | 'visibility' | 'draft'>>

/** Newest first. */
export type Page<Row> = { rows: Row[]; hasMore: boolean }

/** An agent and the configuration that is published. */
export type KnownAgent = { agent: Agent; published: AgentConfig | null }

/** Prompts and knowledge of one may be a megabyte: a page holds fewer of these than were asked for. */
const pageBytes = 4 * 1024 * 1024
const mostPublished = 1000

/** Fields that a newer version of the server has written are passed over. */
export const storedConfig = z.object(agentConfig.shape)

/** SQL of the agents. Uniqueness of slugs is the database's to keep, and so is who sees what. */
export type AgentStore = ReturnType<typeof createAgentStore>

export function createAgentStore(db: Kysely<AgentTables>) {
  return {
    /** Null when the slug is taken. */
    async insert(agent: NewAgent): Promise<Agent | null> {
      const row = await db
        .insertInto('agents')
        .values({ ...agent, draft: JSON.stringify(agent.draft) })
        .onConflict(conflict => conflict.column('slug').doNothing())
        .returningAll()
        .executeTakeFirst()
      return row ? toAgent(row) : null
    },

    async find(target: AgentTarget): Promise<Agent | null> {
      const row = await db
        .selectFrom('agents')
        .selectAll()
        .where(...meant(target))
        .executeTakeFirst()
      return row ? toAgent(row) : null
    },

    /** Until the transaction ends nobody else changes it, nor adds a version; runs may begin. Null when it is gone. */
    async lock(id: string): Promise<Agent | null> {
      const row = await db
        .selectFrom('agents')
        .selectAll()
        .where('id', '=', id)
        .forNoKeyUpdate()
        .executeTakeFirst()
      return row ? toAgent(row) : null
    },

    async findKnown(target: AgentTarget): Promise<KnownAgent | null> {
      const row = await db
        .selectFrom('agents')
        .leftJoin('agent_versions', join =>
          join
            .onRef('agent_versions.agent_id', '=', 'agents.id')
            .onRef('agent_versions.version', '=', 'agents.published_version'),
        )
        .selectAll('agents')
        .select('agent_versions.config')
        .where(...meant(target))
        .executeTakeFirst()
      if (!row) return null
      const { config, ...agent } = row
      return { agent: toAgent(agent), published: config === null ? null : storedConfig.parse(config) }
    },

    /** What a signed-in user may see, or everything when `seenBy` is undefined. */
    async list({
      seenBy,
      beforeId,
      limit,
    }: {
      seenBy: string | null | undefined
      beforeId: string | undefined
      limit: number
    }): Promise<Page<Agent>> {
      const older = beforeId === undefined ? sql`true` : sql`id < ${beforeId}::uuid`
      const newest = (which: RawBuilder<unknown>) =>
        sql`select * from agents where ${which} and ${older} order by id desc limit ${limit + 1}`
      const shared = sql`published_version is not null and visibility in ('users', 'public')
        and owner_id is distinct from ${seenBy ?? null}::uuid`
      // An index gives the newest of each; with `or` all that is shared would be read and sorted.
      const found =
        seenBy === undefined
          ? sql`select * from agents where ${older}`
          : sql`select * from ((${newest(sql`owner_id = ${seenBy}::uuid`)}) union all (${newest(shared)})) as seen`
      const { rows, hasMore } = await boundedPage<AgentRow>(db, found, { order: 'id', json: 'draft', limit })
      return { rows: rows.map(toAgent), hasMore }
    },

    async published(): Promise<AgentSummary[]> {
      const rows = await db
        .selectFrom('agents')
        .select(summaryColumns)
        .where('published_version', 'is not', null)
        .orderBy('slug')
        .limit(mostPublished)
        .execute()
      return rows.map(toSummary)
    },

    async update(id: string, { draft, ...change }: AgentChange): Promise<Agent | null> {
      const row = await db
        .updateTable('agents')
        .set({ ...change, ...(draft ? { draft: JSON.stringify(draft) } : {}), updated_at: now })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      return row ? toAgent(row) : null
    },

    /** Null when there is no such version. */
    async setPublished(
      id: string,
      { version, config }: Pick<AgentVersion, 'version' | 'config'>,
    ): Promise<Agent | null> {
      const { rows } = await sql<AgentRow>`
        update agents set published_version = version.version, published_price = ${config.price}, updated_at = ${now}
        from agent_versions as version
        where agents.id = ${id} and version.agent_id = agents.id and version.version = ${version}
        returning agents.*`.execute(db)
      return rows[0] ? toAgent(rows[0]) : null
    },

    async unpublish(id: string): Promise<Agent | null> {
      const row = await db
        .updateTable('agents')
        .set({ published_version: null, published_price: null, updated_at: now })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      return row ? toAgent(row) : null
    },

    async remove(id: string): Promise<Agent | null> {
      const row = await db.deleteFrom('agents').where('id', '=', id).returningAll().executeTakeFirst()
      return row ? toAgent(row) : null
    },

    /** How many a user has. Until the transaction ends nobody else adds to them. */
    async countLocked(ownerId: string): Promise<number> {
      await sql`select pg_advisory_xact_lock(hashtextextended(${ownerId}, 23))`.execute(db)
      const { rows } = await sql<{ count: number }>`
        select count(*)::integer as count from agents where owner_id = ${ownerId}`.execute(db)
      return rows[0]?.count ?? 0
    },
  }
}

/** As many as there are below the limit and up to `pageBytes`, but one in any case. `json` is the large column. */
export async function boundedPage<Row>(
  db: Kysely<AgentTables>,
  found: RawBuilder<unknown>,
  { order, json, limit }: { order: 'id' | 'version'; json: 'draft' | 'config'; limit: number },
): Promise<Page<Row>> {
  const bytes = sql`octet_length(${sql.ref(json)}::text)`
  const { rows } = await sql<Row & { in_all: number }>`
    select * from (
      select found.*, (count(*) over ())::integer as in_all,
        sum(${bytes}) over (order by ${sql.ref(order)} desc) - ${bytes} as bytes_before
      from (${found} order by ${sql.ref(order)} desc limit ${limit + 1}) as found) as page
    where bytes_before < ${pageBytes} order by ${sql.ref(order)} desc limit ${limit}`.execute(db)
  return { rows, hasMore: (rows[0]?.in_all ?? 0) > rows.length }
}

const now = sql<Date>`date_trunc('milliseconds', now())`

function meant(target: AgentTarget): ['agents.id' | 'agents.slug', '=', string] {
  return 'id' in target ? ['agents.id', '=', target.id] : ['agents.slug', '=', target.slug]
}

const summaryColumns = [
  'id',
  'owner_id',
  'slug',
  'name',
  'description',
  'visibility',
  'is_published',
  'published_version',
  'published_price',
  'created_at',
  'updated_at',
] as const

/** The columns as the driver gives them: bigint as text. */
function toSummary(row: SummaryRow): AgentSummary {
  const { id, owner_id, slug, name, description, visibility, is_published, created_at, updated_at } = row
  const { published_version, published_price } = row
  return {
    id,
    owner_id,
    slug,
    name,
    description,
    visibility,
    is_published,
    published_version,
    published_price: published_price === null ? null : Number(published_price),
    created_at,
    updated_at,
  }
}

function toAgent(row: AgentRow): Agent {
  return { ...toSummary(row), draft: storedConfig.parse(row.draft) }
}
