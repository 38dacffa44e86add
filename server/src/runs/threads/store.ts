import type { RunMessage } from '@roundhouse/sdk/contract'
import { type QueryExecutorProvider, sql } from 'kysely'
import type { ThreadFilter, ThreadView } from '../run.ts'
import type { RunStep } from '../stream.ts'

export type ThreadMessage = RunMessage & { readonly seq: number }

/** What a summary took. */
export type SummaryStep = Pick<
  RunStep,
  'name' | 'usage' | 'credits' | 'costMicros' | 'attributes' | 'startedAt' | 'endedAt'
>

export type Thread = {
  readonly agentId: string
  /** What was said up to message `summarised`, in short. */
  readonly summary: string | null
  readonly summarised: number
}

const titleCharacters = 120
/** Far more take longer than a statement may. */
const prunedAtATime = 20_000

export function createThreadStore(db: QueryExecutorProvider) {
  return {
    /** Makes the thread unless there is one with this id, whoever it belongs to. */
    async ensure(thread: { id: string; agentId: string; ownerId: string | null }): Promise<void> {
      await sql`insert into threads (id, agent_id, owner_id)
        values (${thread.id}, ${thread.agentId}, ${thread.ownerId}) on conflict do nothing`.execute(db)
    },

    /** Whose agent it is with; from now on it is in use. Undefined when it is not there or not to be seen. */
    async use(id: string): Promise<Pick<Thread, 'agentId'> | undefined> {
      const { rows } = await sql<Pick<Thread, 'agentId'>>`
        update threads set used_at = now() where id = ${id} returning agent_id as "agentId"`.execute(db)
      return rows[0]
    },

    /** Undefined when it is not there or not to be seen. */
    async find(id: string): Promise<Thread | undefined> {
      const { rows } = await sql<Thread>`
        select agent_id as "agentId", summary, summarised::float8 as summarised
        from threads where id = ${id}`.execute(db)
      return rows[0]
    },

    /**
     * Those of an owner, null being the house, by when they were last used. Derived names (UUIDs of version 8) are left
     * out: those are conversations of visitors of embeds, and of clients that keep their own lists.
     */
    async list(ownerId: string | null, { agentId, limit, before }: ThreadFilter): Promise<ThreadView[]> {
      const { rows } = await sql<ThreadView>`
        select id, agent_id as "agentId", created_at as "createdAt", date_trunc('milliseconds', used_at) as "usedAt",
          coalesce(
            (select left(content, ${titleCharacters}) from thread_messages
              where thread_id = threads.id and role = 'user' order by seq limit 1),
            (select left(input -> -1 ->> 'content', ${titleCharacters}) from runs
              where thread_id = threads.id order by created_at limit 1)) as title
        from threads
        where owner_id is not distinct from ${ownerId}::uuid and substr(id::text, 15, 1) <> '8'
          and exists (select from runs where thread_id = threads.id)
          ${agentId === undefined ? sql`` : sql`and agent_id = ${agentId}`}
          ${before === undefined ? sql`` : sql`and (date_trunc('milliseconds', used_at), id) < (${before.usedAt}, ${before.id})`}
        order by date_trunc('milliseconds', used_at) desc, id desc limit ${limit}`.execute(db)
      return rows
    },

    /**
     * The last messages behind number `after`, and no further than `upTo`, in order: so many, of so many bytes in all. Of
     * one that alone has more, the end.
     */
    async last(
      threadId: string,
      span: { after: number; upTo?: number },
      most: { messages: number; bytes: number },
    ): Promise<ThreadMessage[]> {
      const { after, upTo } = span
      const { rows } = await sql<ThreadMessage>`
        select seq::float8 as seq, role,
          case when bytes <= ${most.bytes} then content else right(content, ${charactersIn(most.bytes)}) end as content
        from (
          select seq, role, content, sum(octet_length(content)) over (order by seq desc) as bytes,
            row_number() over (order by seq desc) as place
          from (
            select seq, role, content from thread_messages
            where thread_id = ${threadId} and seq > ${after}
              ${upTo === undefined ? sql`` : sql`and seq <= ${upTo}`}
            order by seq desc limit ${most.messages}) as newest) as counted
        where bytes <= ${most.bytes} or place = 1 order by seq`.execute(db)
      return rows
    },

    /** Number of the message with `shown` others behind it, once there are twice as many and one behind number `after`. */
    async lastForgotten(threadId: string, after: number, shown: number): Promise<number | undefined> {
      const nth = (place: number) => sql`
        select seq from thread_messages where thread_id = ${threadId} and seq > ${after}
        order by seq desc offset ${place} limit 1`
      const { rows } = await sql<{ seq: number }>`
        select seq::float8 as seq from (${nth(shown)}) as oldest where exists (${nth(2 * shown)})`.execute(db)
      return rows[0]?.seq
    },

    async append(threadId: string, runId: string, messages: readonly RunMessage[]): Promise<void> {
      await sql`
        with used as (update threads set used_at = now() where id = ${threadId} returning id)
        insert into thread_messages (thread_id, role, content, run_id)
        select used.id, said ->> 'role', said ->> 'content', ${runId}
        from used, jsonb_array_elements(${JSON.stringify(messages)}::jsonb) with ordinality as message (said, place)
        order by place`.execute(db)
    },

    /** False when another summary took the place of the one `from` first. */
    async summarise(
      threadId: string,
      summary: string,
      span: { from: number; upTo: number },
    ): Promise<boolean> {
      const { numAffectedRows } = await sql`
        update threads set summary = ${summary}, summarised = ${span.upTo}
        where id = ${threadId} and summarised = ${span.from}`.execute(db)
      return numAffectedRows === 1n
    },

    /** A last step of a run that has ended, whose totals grow by it. */
    async recordSummary(runId: string, step: SummaryStep): Promise<void> {
      const { name, usage, credits, costMicros, attributes, startedAt, endedAt } = step
      const { inputTokens, outputTokens, isEstimated } = usage
      await sql`
        with run as (
          update runs set input_tokens = input_tokens + ${inputTokens}, output_tokens = output_tokens + ${outputTokens},
            is_estimated = is_estimated or ${isEstimated}, credits = credits + ${credits},
            cost_micros = cost_micros + ${Math.round(costMicros)}
          where id = ${runId} returning id, attempt
        )
        insert into run_steps (run_id, n, step, kind, name, status, attempt, input_tokens, output_tokens, is_estimated,
          credits, cost_micros, attributes, started_at, ended_at)
        select run.id, coalesce(max(n), 0) + 1, coalesce(max(run_steps.step), 1), 'llm', ${name}, 'done', run.attempt,
          ${inputTokens}, ${outputTokens}, ${isEstimated}, ${credits}, ${Math.round(costMicros)},
          ${JSON.stringify(attributes)}, ${startedAt}, ${endedAt}
        from run left join run_steps on run_id = run.id group by run.id, run.attempt`.execute(db)
    },

    /**
     * Of up to 50 threads that nobody has used for so many days removes up to `limit` messages; those that have none left
     * then go. Whether there may be more to remove.
     */
    async prune(days: number, limit = prunedAtATime): Promise<boolean> {
      const isOld = sql`used_at < now() - make_interval(days => ${days})
        and not exists (select from runs where thread_id = threads.id and finished_at is null)`
      const { rows } = await sql<{ id: string }>`
        select id from threads where ${isOld} order by used_at limit 50`.execute(db)
      if (rows.length === 0) return false
      const old = sql`${`{${rows.map(({ id }) => id).join(',')}}`}::uuid[]`
      const { numAffectedRows } = await sql`
        delete from thread_messages where ctid = any (
          array(select ctid from thread_messages where thread_id = any(${old}) limit ${limit}))`.execute(db)
      if (Number(numAffectedRows ?? 0) < limit)
        await sql`delete from threads where id = any(${old}) and ${isOld}`.execute(db)
      return true
    },
  }
}

/** However many bytes each of them has. */
function charactersIn(bytes: number): number {
  return Math.floor(bytes / 4)
}
