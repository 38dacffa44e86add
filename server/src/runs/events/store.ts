import { type QueryExecutorProvider, sql } from 'kysely'
import type { NumberedEvent } from '../run.ts'
import type { Ending } from '../store.ts'
import type { RunStep } from '../stream.ts'
import { endingRow } from './ending-row.ts'
import { stepRow } from './step-row.ts'

/** Of one page: what a slow reader waits with. One event may be longer. */
const pageBytes = 1024 * 1024
/** Far more take longer than a statement may. */
const prunedAtATime = 20_000

/** What one run adds in a group: all of it is written, or none. */
export type Part = {
  readonly runId: string
  readonly attempt: number
  readonly events: readonly NumberedEvent[]
  readonly steps: readonly RunStep[]
  /** Number of the last event that is finished for good; null when nothing new is. */
  readonly checkpointSeq: number | null
  /** How the run ends, with the last of the events. */
  readonly ending?: Ending
}

/** The events of runs, and the steps that are written with them. */
export function createEventStore(db: QueryExecutorProvider) {
  return {
    /**
     * Everything in one commit. Gives the runs that are still those of their attempts, each with when it ended if it did;
     * of the others nothing was written.
     * @throws the driver's error 23505 when somebody else has used a number.
     */
    async append(parts: readonly Part[]): Promise<Map<string, Date | null>> {
      // Lists as text that the database takes apart: the driver would escape each element, which took longer than the rest.
      const owners: string[] = []
      const seqs: number[] = []
      const texts: string[] = []
      for (const { runId, events } of parts)
        for (const { seq, data } of events) {
          owners.push(runId)
          seqs.push(seq)
          texts.push(data)
        }
      const { rows } = await sql<{ id: string; finished_at: Date | null }>`
        with ${heldOf(parts)}, written as (
          insert into run_events (run_id, seq, data)
          select run_id, seq, data from unnest(${list(owners)}::uuid[], ${list(seqs)}::int[],
            string_to_array(${texts.join('\n')}, E'\n')) as event (run_id, seq, data)
          where run_id in (select id from held)
        )${withSteps(parts)}${withCheckpoints(parts)}, ${endedOf(parts)}
        select id, finished_at from held left join ended using (id)`.execute(db)
      return new Map(rows.map(row => [row.id, row.finished_at]))
    },

    /** When a run ended, if this was its last event. */
    async endedWith(runId: string, { seq, data }: NumberedEvent): Promise<Date | null> {
      const { rows } = await sql<{ finished_at: Date | null }>`
        select finished_at from runs where id = ${runId}
          and exists (select from run_events where run_id = runs.id and seq = ${seq} and data = ${data})`.execute(
        db,
      )
      return rows[0]?.finished_at ?? null
    },

    /** Of one run whose row the caller's transaction has changed. */
    async insert(runId: string, events: readonly NumberedEvent[]): Promise<void> {
      if (events.length === 0) return
      await sql`
        insert into run_events (run_id, seq, data)
        select ${runId}::uuid, seq, data from unnest(${list(events.map(event => event.seq))}::int[],
          string_to_array(${events.map(event => event.data).join('\n')}, E'\n')) as event (seq, data)`.execute(
        db,
      )
    },

    /** Behind a number, in order; fewer than `limit` where they are long, see `isFullPage`. */
    async page(runId: string, after: number, limit: number): Promise<NumberedEvent[]> {
      const { rows } = await sql<NumberedEvent>`
        select seq, data from (
          select seq, data, sum(octet_length(data)) over (order by seq) - octet_length(data) as before
          from (select seq, data from run_events where run_id = ${runId} and seq > ${after}
            order by seq limit ${limit}) as next
        ) as page where before < ${pageBytes} order by seq`.execute(db)
      return rows
    },

    /** 0 when there is none. */
    async lastSeq(runId: string): Promise<number> {
      const { rows } = await sql<{ seq: number }>`
        select coalesce(max(seq), 0) as seq from run_events where run_id = ${runId}`.execute(db)
      return rows[0]?.seq ?? 0
    },

    /** Of many runs. One that is gone is missing. */
    async lastSeqs(runIds: readonly string[]): Promise<{ id: string; seq: number }[]> {
      const { rows } = await sql<{ id: string; seq: number }>`
        select id, coalesce((select max(seq) from run_events where run_id = runs.id), last_seq) as seq
        from runs where id = any(${list(runIds)}::uuid[])`.execute(db)
      return rows
    },

    /**
     * Of up to 50 runs that ended so many days ago removes up to `limit` events; from those that have none left then the
     * questions and what they were given. The run with its output, and what its steps took, stay. Whether there may be
     * more to remove.
     */
    async prune(days: number, limit = prunedAtATime): Promise<boolean> {
      const { rows } = await sql<{ id: string }>`
        select id from runs where finished_at < now() - make_interval(days => ${days}) and pruned_at is null
        order by finished_at limit 50`.execute(db)
      if (rows.length === 0) return false
      const old = sql`${list(rows.map(({ id }) => id))}::uuid[]`
      const { numAffectedRows } = await sql`
        delete from run_events where ctid = any (
          array(select ctid from run_events where run_id = any(${old}) limit ${limit}))`.execute(db)
      if (Number(numAffectedRows ?? 0) === limit) return true
      await sql`
        with emptied as (
          update runs set pruned_at = now(), config = '{}', input = '[]', memory = '[]'
          where id = any(${old}) and not exists (select from run_events where run_id = runs.id) returning id
        ), answered as (
          delete from approvals using emptied where run_id = emptied.id
        )
        update run_steps set message = null from emptied where run_id = emptied.id and message is not null`.execute(
        db,
      )
      return true
    },
  }
}

export type EventStore = ReturnType<typeof createEventStore>

/** Whether more may be behind a page of at most so many events. */
export function isFullPage(page: readonly NumberedEvent[], limit: number): boolean {
  if (page.length >= limit) return true
  let bytes = 0
  for (const { data } of page) bytes += Buffer.byteLength(data)
  return bytes >= pageBytes
}

/** An array of what needs no quotes: ids and numbers. */
function list(values: readonly (string | number)[]): string {
  return `{${values.join(',')}}`
}

/**
 * The runs that are still those of their attempts. The rows that are changed are locked first, in order, so that nobody
 * takes a run while it is written that it has ended.
 */
function heldOf(parts: readonly Part[]) {
  const isChanged = ({ checkpointSeq, steps, ending }: Part) =>
    checkpointSeq !== null || steps.length > 0 || ending !== undefined
  const changed = parts.filter(isChanged)
  const others = parts.filter(part => !isChanged(part))
  const mine = (some: readonly Part[]) => sql`unnest(${list(some.map(part => part.runId))}::uuid[],
      ${list(some.map(part => part.attempt))}::int[], ${list(some.map(part => String(part.ending !== undefined)))}::bool[])
      as mine (id, attempt, ends)
    join runs on runs.id = mine.id and runs.attempt = mine.attempt
      and (runs.status = 'running' or (mine.ends and runs.status in ('queued', 'waiting')))`
  if (changed.length === 0) return sql`held as materialized (select runs.id from ${mine(others)})`
  return sql`locked as materialized (
      select runs.id from ${mine(changed)} order by runs.id for no key update of runs
    ), held as materialized (
      select id from locked ${others.length > 0 ? sql`union all select runs.id from ${mine(others)}` : sql``}
    )`
}

function withSteps(parts: readonly Part[]) {
  const steps = parts.flatMap(({ runId, steps }) => steps.map(step => stepRow(runId, step)))
  if (steps.length === 0) return sql``
  return sql`, stepped as (
      insert into run_steps (run_id, n, step, kind, name, status, attempt, call_id, message, input_tokens, output_tokens,
        is_estimated, credits, cost_micros, first_token_ms, error, attributes, started_at, ended_at)
      select run_id, n, step, kind, name, status, attempt, call_id, message::json, input_tokens, output_tokens,
        is_estimated, credits, cost_micros, first_token_ms, error, attributes, started_at, ended_at
      from json_to_recordset(${JSON.stringify(steps)}::json) as step (run_id uuid, n integer, step integer, kind text,
        name text, status text, attempt integer, call_id text, message text, input_tokens bigint, output_tokens bigint,
        is_estimated boolean, credits bigint, cost_micros bigint, first_token_ms real, error text, attributes jsonb,
        started_at timestamptz, ended_at timestamptz)
      where run_id in (select id from held)
      on conflict (run_id, n) do update set status = excluded.status, message = excluded.message,
        input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
        is_estimated = excluded.is_estimated, credits = excluded.credits, cost_micros = excluded.cost_micros,
        first_token_ms = excluded.first_token_ms, error = excluded.error, attributes = excluded.attributes,
        attempt = excluded.attempt, name = excluded.name, ended_at = excluded.ended_at
    )`
}

function withCheckpoints(parts: readonly Part[]) {
  const finished = parts.filter(part => part.checkpointSeq !== null && !part.ending)
  if (finished.length === 0) return sql``
  return sql`, marked as (
      update runs set checkpoint_seq = mark.seq, crashes = 0
      from unnest(${list(finished.map(part => part.runId))}::uuid[],
        ${list(finished.map(part => part.checkpointSeq ?? 0))}::int[]) as mark (id, seq)
      where runs.id = mark.id and runs.id in (select id from held)
    )`
}

function endedOf(parts: readonly Part[]) {
  const endings = parts.flatMap(({ runId, events, ending }) =>
    ending ? [endingRow(runId, ending, events.at(-1)?.seq ?? 0)] : [],
  )
  if (endings.length === 0) return sql`ended as (select null::uuid as id, null::timestamptz as finished_at)`
  return sql`ended as (
      update runs set status = ending.status, lease_until = null, last_seq = ending.seq, checkpoint_seq = ending.seq,
        output = ending.output, stopped = ending.stopped, error = ending.error, input_tokens = ending.input_tokens,
        output_tokens = ending.output_tokens, is_estimated = ending.is_estimated, credits = ending.credits,
        cost_micros = ending.cost_micros, first_token_ms = ending.first_token_ms,
        finished_at = greatest(date_trunc('milliseconds', now()), created_at)
      from json_to_recordset(${JSON.stringify(endings)}::json) as ending (run_id uuid, seq integer, status text,
        output text, stopped text, error jsonb, input_tokens bigint, output_tokens bigint, is_estimated boolean,
        credits bigint, cost_micros bigint, first_token_ms real)
      where runs.id = ending.run_id and runs.id in (select id from locked)
      returning runs.id, runs.finished_at
    )`
}
