import type { ProblemCode } from '@roundhouse/sdk/contract'
import { type Generated, type QueryExecutorProvider, type Selectable, sql } from 'kysely'
import type { Job, JobFilter, JobStatus, JobSummary, Json } from './job.ts'

type JobsTable = {
  id: string
  kind: string
  owner_id: string | null
  model_id: Generated<string | null>
  status: Generated<JobStatus>
  payload: Json
  result: Json
  error: JobError | null
  progress_done: string | number | null
  progress_total: string | number | null
  progress_unit: string | null
  priority: Generated<number>
  attempt: Generated<number>
  max_attempts: number
  crashes: Generated<number>
  takeovers: Generated<number>
  outages: Generated<number>
  claim: string | null
  ticket: string
  unique_key: string | null
  run_at: Date
  request_id: string | null
  cancel_requested_at: Date | null
  created_at: Generated<Date>
  started_at: Date | null
  finished_at: Date | null
  removing_at: Date | null
}

type JobStepsTable = { job_id: string; name: string; result: unknown; created_at: Generated<Date> }

export type JobTables = { jobs: JobsTable; job_steps: JobStepsTable }

export type JobError = { code: ProblemCode; detail: string }
export type JobProgress = { done: number; total: number | null; unit: string }

/** What only the workers need to know. */
export type JobRow = Job & {
  ticket: string
  claim: string | null
  crashes: number
  outages: number
  cancel_requested_at: Date | null
}

/** What a worker looks at of jobs that go on. */
export type Unfinished = Pick<
  JobRow,
  'id' | 'kind' | 'claim' | 'ticket' | 'attempt' | 'max_attempts' | 'crashes' | 'cancel_requested_at'
>

/** `at` is when it ended, to the microsecond. */
export type EndedJob = Pick<Job, 'id' | 'kind' | 'owner_id'> & { at: string }

/** A delivery that wants its job. `again`: although a process that is gone has begun it. */
export type Claim = { id: string; ticket: string; claim: string; again: boolean }

/** Who holds the row: writes of an older claim reach nothing. */
export type Held = { id: string; claim: string }

export type Ending = Held & {
  status: 'done' | 'failed' | 'cancelled'
  result: Json
  error: JobError | null
  progress: JobProgress | null
}

/** Never what a job was given or gave, which may be megabytes. */
const summaryColumns = [
  'id',
  'kind',
  'owner_id',
  'model_id',
  'status',
  'error',
  'progress_done',
  'progress_total',
  'progress_unit',
  'priority',
  'attempt',
  'max_attempts',
  'takeovers',
  'run_at',
  'request_id',
  'created_at',
  'started_at',
  'finished_at',
] as const
const summary = sql.join(summaryColumns.map(name => sql.ref(name)))
type SummaryRow = Pick<Selectable<JobsTable>, (typeof summaryColumns)[number]>

/** SQL of the jobs room. Who sees which job is the database's to keep. */
export function createJobStore(db: QueryExecutorProvider) {
  return {
    /** Null when an unfinished job has the unique key. */
    async insert(
      job: Pick<Job, 'id' | 'kind' | 'owner_id' | 'payload' | 'priority' | 'max_attempts' | 'request_id'> & {
        ticket: string
        unique_key: string | null
        run_at: Date | null
      },
    ): Promise<JobRow | null> {
      const { rows } = await sql<Selectable<JobsTable>>`
        insert into jobs (id, kind, owner_id, payload, priority, max_attempts, request_id, ticket, unique_key, run_at)
        values (${job.id}, ${job.kind}, ${job.owner_id}, ${JSON.stringify(job.payload)}::jsonb, ${job.priority},
          ${job.max_attempts}, ${job.request_id}, ${job.ticket}, ${job.unique_key}, coalesce(${job.run_at}::timestamptz, now()))
        on conflict (kind, unique_key) where unique_key is not null and status in ('queued', 'running') do nothing
        returning *`.execute(db)
      return firstOf(rows)
    },

    async byId(id: string): Promise<JobSummary | null> {
      const { rows } = await sql<SummaryRow>`select ${summary} from jobs where id = ${id}`.execute(db)
      return rows[0] ? withProgress(rows[0]) : null
    },

    /** With what it was given and gave. */
    async wholeById(id: string): Promise<Job | null> {
      const { rows } = await sql<SummaryRow & Pick<JobsTable, 'payload' | 'result'>>`
        select ${summary}, payload, result from jobs where id = ${id}`.execute(db)
      return rows[0] ? withProgress(rows[0]) : null
    },

    /** Newest first; of one owner when `ownerId` is given. */
    async list({ status, kind, limit, before }: JobFilter, ownerId?: string): Promise<JobSummary[]> {
      const wanted = [sql`true`]
      if (status !== undefined) wanted.push(sql`status = ${status}`)
      if (kind !== undefined) wanted.push(sql`kind = ${kind}`)
      if (ownerId !== undefined) wanted.push(sql`owner_id = ${ownerId}`)
      if (before) wanted.push(sql`(created_at, id) < (${before.created_at}, ${before.id}::uuid)`)
      const { rows } = await sql<SummaryRow>`
        select ${summary} from jobs where ${sql.join(wanted, sql` and `)}
        order by created_at desc, id desc limit ${limit}`.execute(db)
      return rows.map(row => withProgress(row))
    },

    /**
     * The rows that are now these claims'. Asked again with the same claims, after an answer that was lost, it counts
     * no second attempt.
     */
    async claim(claims: readonly Claim[]): Promise<JobRow[]> {
      const { rows } = await sql<Selectable<JobsTable>>`
        update jobs set status = 'running', started_at = coalesce(started_at, now()), claim = wanted.claim,
          attempt = case when jobs.claim is not distinct from wanted.claim then attempt else least(attempt + 1, max_attempts) end,
          crashes = case when status = 'running' and jobs.claim is distinct from wanted.claim then crashes + 1 else crashes end,
          takeovers = case when status = 'running' and jobs.claim is distinct from wanted.claim then takeovers + 1 else takeovers end
        from json_to_recordset(${JSON.stringify(claims)}::json) as wanted(id uuid, ticket uuid, claim uuid, again boolean)
        where jobs.id = wanted.id and jobs.ticket = wanted.ticket
          and (status = 'queued' or (status = 'running' and (wanted.again or jobs.claim = wanted.claim)))
        returning jobs.*`.execute(db)
      return rows.map(toJob)
    },

    /** Those of the ids that have not ended. */
    async unfinished(ids: readonly string[]): Promise<Unfinished[]> {
      const { rows } = await sql<Unfinished>`
        select id, kind, claim, ticket, attempt, max_attempts, crashes, cancel_requested_at from jobs
        where id = any(${ids}::uuid[]) and status in ('queued', 'running')`.execute(db)
      return rows
    },

    /** Those that have not ended and could have begun this long ago, by their ids: so many behind `after`. */
    async due(
      forMs: number,
      after: string | null,
      limit: number,
    ): Promise<Pick<JobRow, 'id' | 'kind' | 'ticket'>[]> {
      const { rows } = await sql<Pick<JobRow, 'id' | 'kind' | 'ticket'>>`
        select id, kind, ticket from jobs
        where status in ('queued', 'running') and run_at < now() - ${forMs} * interval '1 ms'
          and (${after}::uuid is null or id > ${after}::uuid)
        order by id limit ${limit}`.execute(db)
      return rows
    },

    /** Its priority, for another delivery. Null when it has ended, or is no longer the old delivery's. */
    async renew(id: string, ticket: string, newTicket: string): Promise<Pick<JobRow, 'priority'> | null> {
      const { rows } = await sql<Pick<JobRow, 'priority'>>`
        update jobs set ticket = ${newTicket}
        where id = ${id} and ticket = ${ticket} and status in ('queued', 'running') returning priority`.execute(
        db,
      )
      return rows[0] ?? null
    },

    /** The ids that have ended by this. */
    async end(endings: readonly Ending[]): Promise<string[]> {
      const { rows } = await sql<{ id: string }>`
        update jobs set status = e.status, result = e.result, error = e.error, finished_at = now(),
          progress_done = coalesce((e.progress ->> 'done')::bigint, progress_done),
          progress_total = case when e.progress is null then progress_total else (e.progress ->> 'total')::bigint end,
          progress_unit = coalesce(e.progress ->> 'unit', progress_unit)
        from json_to_recordset(${JSON.stringify(endings)}::json)
          as e(id uuid, claim uuid, status text, result jsonb, error jsonb, progress jsonb)
        where jobs.id = e.id and jobs.claim = e.claim and jobs.status = 'running'
        returning jobs.id`.execute(db)
      return rows.map(row => row.id)
    },

    /** Null when it does not wait. */
    async cancelWaiting(id: string): Promise<JobRow | null> {
      const { rows } = await sql<Selectable<JobsTable>>`
        update jobs set status = 'cancelled', error = null, finished_at = now()
        where id = ${id} and status = 'queued' returning *`.execute(db)
      return firstOf(rows)
    },

    /** Ends a job whose delivery was given up, as cancelled where that was asked for. Null when another one carries it. */
    async endGivenUp(id: string, ticket: string, error: JobError): Promise<JobRow | null> {
      const { rows } = await sql<Selectable<JobsTable>>`
        update jobs set finished_at = now(),
          status = case when cancel_requested_at is null then 'failed' else 'cancelled' end,
          error = case when cancel_requested_at is null then ${JSON.stringify(error)}::jsonb end
        where id = ${id} and ticket = ${ticket} and status in ('queued', 'running') returning *`.execute(db)
      return firstOf(rows)
    },

    /**
     * Back to those that wait, for another delivery. Null when it is no longer this claim's, or is to be cancelled and
     * not handed back.
     */
    async requeue(
      held: Held & {
        ticket: string
        delayMs: number
        error: JobError | null
        handedBack: boolean
        outage: boolean
      },
    ): Promise<Pick<JobRow, 'id' | 'ticket' | 'priority' | 'run_at'> | null> {
      const { rows } = await sql<Pick<JobRow, 'id' | 'ticket' | 'priority' | 'run_at'>>`
        update jobs set status = 'queued', claim = null, ticket = ${held.ticket},
          run_at = now() + ${held.delayMs} * interval '1 ms',
          attempt = attempt - ${held.handedBack || held.outage ? 1 : 0},
          outages = outages + ${held.outage ? 1 : 0},
          error = coalesce(${held.error === null ? null : JSON.stringify(held.error)}::jsonb, error)
        where id = ${held.id} and claim = ${held.claim} and status = 'running'
          and (cancel_requested_at is null or ${held.handedBack}::boolean)
        returning id, ticket, priority, run_at`.execute(db)
      return rows[0] ?? null
    },

    /** Null when it is not there, neither failed nor cancelled, or is being removed. */
    async replay(id: string, ticket: string): Promise<JobRow | null> {
      const { rows } = await sql<Selectable<JobsTable>>`
        update jobs set status = 'queued', ticket = ${ticket}, claim = null, attempt = 0, crashes = 0, outages = 0, takeovers = 0, error = null,
          result = null, progress_done = null, progress_total = null, progress_unit = null, cancel_requested_at = null,
          run_at = now(), started_at = null, finished_at = null
        where id = ${id} and status in ('failed', 'cancelled') and removing_at is null returning *`.execute(
        db,
      )
      return firstOf(rows)
    },

    /** Null when it does not run. */
    async requestCancel(id: string): Promise<JobSummary | null> {
      const { rows } = await sql<SummaryRow>`
        update jobs set cancel_requested_at = coalesce(cancel_requested_at, now())
        where id = ${id} and status = 'running' returning ${summary}`.execute(db)
      return rows[0] ? withProgress(rows[0]) : null
    },

    async writeProgress(held: Held, { done, total, unit }: JobProgress): Promise<void> {
      await sql`update jobs set progress_done = ${done}, progress_total = ${total}, progress_unit = ${unit}
        where id = ${held.id} and claim = ${held.claim} and status = 'running'`.execute(db)
    },

    async steps(jobId: string): Promise<Map<string, Json>> {
      const { rows } = await sql<{ name: string; result: Json }>`
        select name, result from job_steps where job_id = ${jobId}`.execute(db)
      return new Map(rows.map(row => [row.name, row.result]))
    },

    /**
     * What is stored from now on: this, or what was there before. Undefined when the job is no longer this claim's.
     * It has got on: what ended its attempts before is forgotten.
     */
    async keepStep(held: Held, name: string, result: Json): Promise<{ result: Json } | undefined> {
      const { rows } = await sql<{ result: Json }>`
        with mine as (
          select id, attempt > 1 or crashes > 0 or outages > 0 as behind from jobs
          where id = ${held.id} and claim = ${held.claim} and status = 'running' for no key update
        ), ahead as (
          update jobs set attempt = 1, crashes = 0, outages = 0 from mine where jobs.id = mine.id and mine.behind
        )
        insert into job_steps (job_id, name, result)
        select id, ${name}, ${JSON.stringify(result)}::jsonb from mine
        on conflict (job_id, name) do update set name = excluded.name
        returning result`.execute(db)
      return rows[0]
    },

    /** Ended before then and behind the one given, at most 200, the oldest first. */
    async endedBefore(at: Date, after: EndedJob | undefined): Promise<EndedJob[]> {
      const { rows } = await sql<EndedJob>`
        select id, kind, owner_id, finished_at::text as at from jobs
        where finished_at < ${at} and (${after === undefined}::boolean
          or (finished_at, id) > (${after?.at ?? null}::timestamptz, ${after?.id ?? null}::uuid))
        order by finished_at, id limit 200`.execute(db)
      return rows
    },

    /** From now on it is not begun anew. False when it has not ended. */
    async beginRemoval(id: string): Promise<boolean> {
      const { rows } = await sql`
        update jobs set removing_at = coalesce(removing_at, now())
        where id = ${id} and status in ('done', 'failed', 'cancelled') returning id`.execute(db)
      return rows.length > 0
    },

    async remove(id: string): Promise<void> {
      await sql`delete from jobs where id = ${id} and removing_at is not null`.execute(db)
    },
  }
}

export type JobStore = ReturnType<typeof createJobStore>

type ProgressColumns = Pick<Selectable<JobsTable>, 'progress_done' | 'progress_total' | 'progress_unit'>

function firstOf(rows: readonly Selectable<JobsTable>[]): JobRow | null {
  return rows[0] ? toJob(rows[0]) : null
}

function toJob({ unique_key: _key, removing_at: _removing, ...row }: Selectable<JobsTable>): JobRow {
  return withProgress(row)
}

/** The columns as the driver gives them: bigint as text. */
function withProgress<Row extends ProgressColumns>(
  row: Row,
): Omit<Row, keyof ProgressColumns> & { progress: JobProgress | null } {
  const { progress_done: done, progress_total: total, progress_unit: unit, ...rest } = row
  const progress =
    done === null
      ? null
      : { done: Number(done), total: total === null ? null : Number(total), unit: unit ?? '' }
  return { ...rest, progress }
}
