import { embedTheme } from '@roundhouse/sdk/contract'
import { type Generated, type Kysely, type QueryExecutorProvider, sql } from 'kysely'
import { z } from 'zod'
import type { AgentTables } from '../agents/store.ts'
import type { Embed, EmbedChange, KnownEmbed } from './embed.ts'

type EmbedsTable = Omit<
  Embed,
  'credits_per_day' | 'theme' | 'created_at' | 'updated_at' | 'origins' | 'scopes'
> & {
  origins: string[]
  scopes: string[]
  credits_per_day: string | number | null
  theme: unknown
  created_at: Generated<Date>
  updated_at: Generated<Date>
}
type EmbedRunsTable = { run_id: string; embed_id: string; visitor_id: string; created_at: Generated<Date> }

export type EmbedTables = AgentTables & { embeds: EmbedsTable; embed_runs: EmbedRunsTable }

type EmbedRow = Omit<Embed, 'credits_per_day' | 'theme'> & {
  credits_per_day: string | number | null
  theme: unknown
}

/** What was asked since the day (UTC) began, and in the last minute. */
type Asked = {
  readonly minute: number
  /** Seconds until the oldest of the last minute is out of it. */
  readonly minuteOver: number
  readonly visitor: number
  readonly all: number
  readonly dayOver: number
}

/** Fields that a newer version of the server has written are passed over. */
const storedTheme = z.object(embedTheme.shape)

const now = sql<Date>`date_trunc('milliseconds', now())`
const dayBegin = sql`date_trunc('day', now(), 'UTC')`

/** SQL of the embeds. Who sees and changes them is the database's to keep as well. */
export function createEmbedStore(db: Kysely<EmbedTables>) {
  return {
    async insert(embed: Omit<Embed, 'created_at' | 'updated_at'>): Promise<Embed> {
      const row = await db
        .insertInto('embeds')
        .values({
          ...embed,
          origins: [...embed.origins],
          scopes: [...embed.scopes],
          theme: JSON.stringify(embed.theme),
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      return toEmbed(row as EmbedRow)
    },

    /** The oldest first. */
    async list(agentId: string): Promise<Embed[]> {
      const rows = await db
        .selectFrom('embeds')
        .selectAll()
        .where('agent_id', '=', agentId)
        .orderBy('id')
        .execute()
      return rows.map(row => toEmbed(row as EmbedRow))
    },

    async update(
      agentId: string,
      id: string,
      { theme, origins, scopes, ...change }: EmbedChange,
    ): Promise<Embed | null> {
      const row = await db
        .updateTable('embeds')
        .set({
          ...change,
          ...(origins ? { origins: [...origins] } : {}),
          ...(scopes ? { scopes: [...scopes] } : {}),
          ...(theme ? { theme: JSON.stringify(theme) } : {}),
          updated_at: now,
        })
        .where('id', '=', id)
        .where('agent_id', '=', agentId)
        .returningAll()
        .executeTakeFirst()
      return row ? toEmbed(row as EmbedRow) : null
    },

    async remove(agentId: string, id: string): Promise<Embed | null> {
      const row = await db
        .deleteFrom('embeds')
        .where('id', '=', id)
        .where('agent_id', '=', agentId)
        .returningAll()
        .executeTakeFirst()
      return row ? toEmbed(row as EmbedRow) : null
    },

    async known(key: string): Promise<KnownEmbed | undefined> {
      const row = await db
        .selectFrom('embeds')
        .innerJoin('agents', 'agents.id', 'embeds.agent_id')
        .selectAll('embeds')
        .select(['agents.owner_id', 'agents.name as agent_name', 'agents.description'])
        .where('key', '=', key)
        .executeTakeFirst()
      if (!row) return undefined
      const { owner_id: ownerId, agent_name: name, description, ...embed } = row
      return { embed: toEmbed(embed as EmbedRow), agent: { ownerId, name, description } }
    },

    async shared(agentId: string): Promise<Embed | null> {
      const row = await db
        .selectFrom('embeds')
        .selectAll()
        .where('agent_id', '=', agentId)
        .where('share_page', '=', true)
        .where('enabled', '=', true)
        .executeTakeFirst()
      return row ? toEmbed(row as EmbedRow) : null
    },
  }
}

/** SQL of what visitors have asked; `db` is the server's. */
export function createAskedStore(db: QueryExecutorProvider) {
  return {
    /** Until the transaction ends nobody else begins a run of this embed. */
    async lock(embedId: string): Promise<void> {
      await sql`select pg_advisory_xact_lock(hashtextextended(${embedId}, 29))`.execute(db)
    },

    async count(embedId: string, visitorId: string): Promise<Asked> {
      const mine = sql`visitor_id = ${visitorId}::uuid`
      const lately = sql`created_at > now() - interval '1 minute'`
      const { rows } = await sql<Asked>`
        select (count(*) filter (where ${mine} and ${lately}))::integer as minute,
          coalesce(ceil(extract(epoch from min(created_at) filter (where ${mine} and ${lately})
            + interval '1 minute' - now())), 60)::integer as "minuteOver",
          (count(*) filter (where ${mine} and created_at >= ${dayBegin}))::integer as visitor,
          (count(*) filter (where created_at >= ${dayBegin}))::integer as "all",
          ceil(extract(epoch from ${dayBegin} + interval '1 day' - now()))::integer as "dayOver"
        from embed_runs
        where embed_id = ${embedId}::uuid and created_at >= least(${dayBegin}, now() - interval '1 minute')`.execute(
        db,
      )
      return rows[0] ?? { minute: 0, minuteOver: 60, visitor: 0, all: 0, dayOver: 86_400 }
    },

    /** Of the day (UTC): what was paid, and what those under way may cost; with the runs that their tools began. */
    async credits(embedId: string): Promise<number> {
      const { rows } = await sql<{ credits: string }>`
        with recursive asked as (
          select run_id as id from embed_runs where embed_id = ${embedId}::uuid and created_at >= ${dayBegin}
          union all select runs.id from asked join runs on runs.parent_run_id = asked.id
        )
        select coalesce(sum(runs.credits + coalesce((
          select sum(amount) from credit_holds
          where user_id = runs.owner_id and status = 'open' and runs.finished_at is null
            and reference >= 'run:' || runs.id || ':' and reference < 'run:' || runs.id || ';'), 0)), 0) as credits
        from asked join runs using (id)`.execute(db)
      return Number(rows[0]?.credits ?? 0)
    },

    async add(run: { runId: string; embedId: string; visitorId: string }): Promise<void> {
      await sql`insert into embed_runs (run_id, embed_id, visitor_id)
        values (${run.runId}, ${run.embedId}, ${run.visitorId})`.execute(db)
    },

    async isOf(run: { runId: string; embedId: string; visitorId: string }): Promise<boolean> {
      const { rows } = await sql`select from embed_runs
        where run_id = ${run.runId} and embed_id = ${run.embedId} and visitor_id = ${run.visitorId}`.execute(
        db,
      )
      return rows.length > 0
    },
  }
}

/** bigint comes as text. */
function toEmbed({ credits_per_day, theme, ...row }: EmbedRow): Embed {
  return {
    ...row,
    credits_per_day: credits_per_day === null ? null : Number(credits_per_day),
    theme: storedTheme.parse(theme),
  }
}
