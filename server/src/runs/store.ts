import { type QueryExecutorProvider, sql } from 'kysely'
import {
  type ApprovalRow,
  type FullRow,
  type Rights,
  type StepRow,
  type TakenRun,
  toApproval,
  toStep,
  toTaken,
  toView,
  type ViewRow,
} from './rows.ts'
import type { NumberedEvent, Run, RunFilter, RunInput, RunView } from './run.ts'
import type { Approval, RunStep, RunTotals } from './stream.ts'

/** A run and its attempt: who has an older one changes nothing. */
export type Held = { readonly id: string; readonly attempt: number }

export type Ending = RunTotals & {
  readonly status: 'done' | 'failed' | 'cancelled'
  readonly output: string | null
  readonly stopped: Run['stopped']
  readonly error: Run['error']
}

/** An inline run whose process says nothing for so long is taken over. */
export const leaseSeconds = 20

/** No process has it: it waits for one, or its own has said nothing for too long. */
const leftAlone = sql`status in ('queued', 'running') and (lease_until is null or lease_until < now())`

/** The columns of a run that callers are shown. */
export const shown = sql`id, agent_id, agent_version, owner_id, thread_id, parent_run_id, depth, status, mode, is_charged, attempt, output, stopped, error,
  input_tokens, output_tokens, is_estimated, credits, cost_micros, first_token_ms, request_id, created_at, started_at,
  finished_at, greatest(last_seq, (select max(seq) from run_events where run_id = runs.id)) as last_seq`

/** The rows of runs. Row-level security applies to the caller's connection; changes need the server's. */
export function createRunStore(db: QueryExecutorProvider) {
  return {
    /** With its first events, in one statement. Finished of these is the first. */
    async insert(
      run: Run,
      rights: Rights,
      events: readonly NumberedEvent[],
      traceParent: string | null = null,
    ): Promise<void> {
      await sql`
        with run as (
          insert into runs (id, agent_id, agent_version, owner_id, thread_id, parent_run_id, depth, status, mode, config, input, memory, rights,
            is_charged, lease_until, last_seq, checkpoint_seq, request_id, trace_parent, created_at, started_at)
          values (${run.id}, ${run.agentId}, ${run.agentVersion}, ${run.ownerId}, ${run.threadId}, ${run.parentId}, ${run.depth}, ${run.status},
            ${run.mode}, ${JSON.stringify(run.config)}, ${JSON.stringify(run.input)}, ${JSON.stringify(run.memory)},
            ${JSON.stringify(rights)}, ${run.isCharged},
            case when ${run.status} = 'running' then now() + make_interval(secs => ${leaseSeconds}) end,
            ${run.lastSeq}, 1, ${run.requestId}, ${traceParent},
            ${run.createdAt}, ${run.startedAt})
          returning id
        )
        insert into run_events (run_id, seq, data)
        select id, seq, data from run, unnest(${`{${events.map(event => event.seq).join(',')}}`}::int[],
          string_to_array(${events.map(event => event.data).join('\n')}, E'\n')) as event (seq, data)`.execute(
        db,
      )
    },

    async byId(id: string): Promise<RunView | undefined> {
      const { rows } = await sql<ViewRow>`select ${shown} from runs where id = ${id}`.execute(db)
      return rows[0] && toView(rows[0])
    },

    async input(id: string): Promise<RunInput | undefined> {
      const { rows } = await sql<RunInput>`select input, memory from runs where id = ${id}`.execute(db)
      return rows[0]
    },

    async byApproval(id: string): Promise<RunView | undefined> {
      const { rows } = await sql<ViewRow>`
        select ${shown} from runs where id = (select run_id from approvals where id = ${id})`.execute(db)
      return rows[0] && toView(rows[0])
    },

    /** Newest first. */
    async list(filter: RunFilter, ownerId?: string): Promise<RunView[]> {
      const { status, agentId, threadId, parentId, limit, before } = filter
      const { rows } = await sql<ViewRow>`
        select ${shown} from runs where true
          ${ownerId === undefined ? sql`` : sql`and owner_id = ${ownerId}`}
          ${status === undefined ? sql`` : sql`and status = ${status}`}
          ${agentId === undefined ? sql`` : sql`and agent_id = ${agentId}`}
          ${threadId === undefined ? sql`` : sql`and thread_id = ${threadId}`}
          ${parentId === undefined ? sql`` : sql`and parent_run_id = ${parentId}`}
          ${before === undefined ? sql`` : sql`and (created_at, id) < (${before.createdAt}, ${before.id})`}
        order by created_at desc, id desc limit ${limit}`.execute(db)
      return rows.map(toView)
    },

    /** How many of a user are on workers or wait for one. Until the transaction ends nobody else adds to them. */
    async countOnWorkers(ownerId: string): Promise<number> {
      await sql`select pg_advisory_xact_lock(hashtextextended(${ownerId}, 24))`.execute(db)
      const { rows } = await sql<{ count: number }>`
        select count(*)::integer as count from runs
        where owner_id = ${ownerId} and mode = 'worker' and status in ('queued', 'running')`.execute(db)
      return rows[0]?.count ?? 0
    },

    async steps(id: string): Promise<RunStep[]> {
      const { rows } = await sql<StepRow>`select * from run_steps where run_id = ${id} order by n`.execute(db)
      return rows.map(toStep)
    },

    async approvals(id: string): Promise<Approval[]> {
      const { rows } = await sql<ApprovalRow>`
        select id, step, call_id, reason, approved, note from approvals where run_id = ${id} order by created_at, id`.execute(
        db,
      )
      return rows.map(toApproval)
    },

    /**
     * For a job, which nobody else has: whoever had the run before writes nothing more. Null when there is nothing to do,
     * or a process goes on with it that no job has told to.
     * The numbers of its events may be behind by what the one before has written this moment.
     */
    async takeForJob(id: string): Promise<TakenRun | null> {
      const { rows } = await sql<FullRow>`
        update runs set status = 'running', attempt = attempt + (started_at is not null)::int,
          crashes = crashes + (status = 'running')::int, started_at = coalesce(started_at, now()), lease_until = null,
          mode = case mode when 'remote' then mode else 'worker' end
        where id = ${id} and status in ('queued', 'running') and (lease_until is null or lease_until < now())
        returning *`.execute(db)
      return rows[0] ? toTaken(rows[0]) : null
    },

    /**
     * Where nobody seems to work on jobs. Null when it is not left alone any more. A worker, whose runs have no lease, may
     * only have been silent: that is no crash.
     */
    async takeAbandoned({ id, attempt }: Held): Promise<TakenRun | null> {
      const { rows } = await sql<FullRow>`
        update runs set status = 'running', attempt = attempt + (started_at is not null)::int,
          crashes = crashes + (status = 'running' and lease_until is not null)::int,
          started_at = coalesce(started_at, now()), lease_until = now() + make_interval(secs => ${leaseSeconds})
        where id = ${id} and attempt = ${attempt} and ${leftAlone} returning *`.execute(db)
      return rows[0] ? toTaken(rows[0]) : null
    },

    /**
     * Runs whose process has said nothing for too long, and those that are for a worker while no job is under way that
     * brings them one.
     * @param options.hasWorkers When no process works on jobs, none brings anything.
     */
    async abandoned(
      limit: number,
      { hasWorkers }: { hasWorkers: boolean },
    ): Promise<(Held & { ownerId: string | null })[]> {
      const brought = sql`with brought as materialized (
          select (payload ->> 'run_id')::uuid as run_id from jobs
          where kind = 'run' and unique_key is not null and status in ('queued', 'running')
        )`
      const { rows } = await sql<Held & { ownerId: string | null }>`
        ${hasWorkers ? brought : sql``}
        select id, attempt, owner_id as "ownerId" from runs
        where ${leftAlone}
          ${hasWorkers ? sql`and (lease_until is not null or id not in (select run_id from brought))` : sql``}
        order by lease_until, created_at limit ${limit}`.execute(db)
      return rows
    },

    /** The same for a worker. Gives the number of its last event; null when it is not left alone any more. */
    async requeue({ id, attempt }: Held): Promise<number | null> {
      const { rows } = await sql<{ last_seq: number }>`
        update runs set status = 'queued', lease_until = null, crashes = crashes + (status = 'running')::int,
          last_seq = coalesce((select max(seq) from run_events where run_id = runs.id), last_seq)
        where id = ${id} and attempt = ${attempt} and ${leftAlone} returning last_seq`.execute(db)
      return rows[0]?.last_seq ?? null
    },

    /** Null when it is not under way as this attempt. */
    async underWay({ id, attempt }: Held): Promise<{ isCancelRequested: boolean } | null> {
      const { rows } = await sql<{ isCancelRequested: boolean }>`
        select cancel_requested_at is not null as "isCancelRequested" from runs
        where id = ${id} and attempt = ${attempt} and status = 'running'`.execute(db)
      return rows[0] ?? null
    },

    /** Renews the leases of a process. Gives the runs that are still its own, and whether somebody wants them to end. */
    async renew(held: readonly Held[]): Promise<{ id: string; isCancelRequested: boolean }[]> {
      const { rows } = await sql<{ id: string; isCancelRequested: boolean }>`
        with mine as materialized (
          select runs.id, cancel_requested_at from unnest(${`{${held.map(run => run.id).join(',')}}`}::uuid[],
            ${`{${held.map(run => run.attempt).join(',')}}`}::int[]) as mine (id, attempt)
          join runs on runs.id = mine.id and runs.attempt = mine.attempt and runs.status = 'running'
          order by runs.id for no key update of runs
        ), renewed as (
          update runs set lease_until = now() + make_interval(secs => ${leaseSeconds})
          where id in (select id from mine) and lease_until is not null
        )
        select id, cancel_requested_at is not null as "isCancelRequested" from mine`.execute(db)
      return rows
    },

    /** Null when it does not run. */
    async requestCancel(id: string): Promise<RunView | null> {
      const { rows } = await sql<ViewRow>`
        update runs set cancel_requested_at = coalesce(cancel_requested_at, now())
        where id = ${id} and status = 'running' returning ${shown}`.execute(db)
      return rows[0] ? toView(rows[0]) : null
    },

    /** Locks one that no process has a lease on, for its end or its going on. Null when it has ended, or somebody has. */
    async lockUnleased(id: string): Promise<RunView | null> {
      const { rows } = await sql<ViewRow>`
        select ${shown} from runs where id = ${id} and lease_until is null and finished_at is null for update`.execute(
        db,
      )
      return rows[0] ? toView(rows[0]) : null
    },

    /** Which of them are queued or running. */
    async underWayOf(ids: readonly string[]): Promise<string[]> {
      const { rows } = await sql<{ id: string }>`
        select id from runs where id = any(${`{${ids.join(',')}}`}::uuid[]) and status in ('queued', 'running')`.execute(
        db,
      )
      return rows.map(row => row.id)
    },

    /**
     * Nobody has it from now on. Gives the number of its last event; null when it is no longer this attempt's, or is not
     * to wait because somebody wants it to end.
     * @param to.checkpointSeq The last event, with which everything is finished; null: what came behind the checkpoint is
     * said again.
     */
    async letGo(
      { id, attempt }: Held,
      to: { status: 'queued' | 'waiting'; checkpointSeq: number | null },
    ): Promise<number | null> {
      const { rows } = await sql<{ last_seq: number }>`
        update runs set status = ${to.status}, lease_until = null,
          last_seq = coalesce(${to.checkpointSeq}::int, (select max(seq) from run_events where run_id = runs.id)),
          checkpoint_seq = coalesce(${to.checkpointSeq}::int, checkpoint_seq),
          crashes = case when ${to.checkpointSeq}::int is null then crashes else 0 end
        where id = ${id} and attempt = ${attempt} and status in ('running', 'waiting')
          and (cancel_requested_at is null or ${to.status} <> 'waiting') returning last_seq`.execute(db)
      return rows[0]?.last_seq ?? null
    },

    /** From now on a worker has it. */
    async toWorkers({ id }: Held): Promise<void> {
      await sql`update runs set mode = 'worker' where id = ${id}`.execute(db)
    },
  }
}

export type RunStore = ReturnType<typeof createRunStore>
