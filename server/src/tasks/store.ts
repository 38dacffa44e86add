import type { TaskRun } from '@roundhouse/sdk/contract'
import { type Generated, type Kysely, type SqlBool, sql } from 'kysely'
import type { Json } from '../jobs/job.ts'

type TasksTable = {
  name: string
  schedule: string | null
  timezone: string
  paused: Generated<boolean>
  last_tick: Date
  ticks_passed_over: Generated<string | number>
}

type TaskRunsTable = {
  id: string
  task: string
  cause: TaskRun['cause']
  tick: Date | null
  input: unknown
  job_id: string
  status: Generated<TaskRun['status']>
  rows_read: Generated<string | number>
  rows_written: Generated<string | number>
  error: unknown
  created_at: Generated<Date>
  started_at: Date | null
  finished_at: Date | null
}

export type TaskTables = { tasks: TasksTable; task_runs: TaskRunsTable }

export type StoredTask = {
  readonly name: string
  readonly schedule: string | null
  readonly timezone: string
  readonly paused: boolean
  readonly last_tick: Date
  readonly ticks_passed_over: number
}

export type StoredRun = {
  readonly id: string
  readonly task: string
  readonly cause: TaskRun['cause']
  readonly tick: Date | null
  readonly input: Record<string, Json>
  readonly job_id: string
  readonly status: TaskRun['status']
  readonly rows_read: number
  readonly rows_written: number
  readonly error: TaskRun['error']
  readonly created_at: Date
  readonly started_at: Date | null
  readonly finished_at: Date | null
}

export type NewRun = Pick<StoredRun, 'id' | 'task' | 'cause' | 'tick' | 'input' | 'job_id'>

/** What the schedule of a process says. */
export type Scheduled = { name: string; schedule: string | null; timezone: string }

const removedAtATime = 2000

/** SQL of the tasks room. */
export function createTaskStore(db: Kysely<TaskTables>) {
  return {
    /** A new task, and one with a new schedule, begins now: ticks of before are not its. */
    async declare({ name, schedule, timezone }: Scheduled): Promise<void> {
      await sql`
        insert into tasks (name, schedule, timezone, last_tick) values (${name}, ${schedule}, ${timezone}, schedule_now())
        on conflict (name) do update set schedule = excluded.schedule, timezone = excluded.timezone,
          last_tick = greatest(tasks.last_tick, excluded.last_tick)
        where (tasks.schedule, tasks.timezone) is distinct from (excluded.schedule, excluded.timezone)`.execute(
        db,
      )
    },

    /** Whole seconds, as schedules have. */
    async now(): Promise<Date> {
      const { rows } = await sql<{ now: Date }>`select date_trunc('second', schedule_now()) as now`.execute(
        db,
      )
      return rows[0]?.now ?? new Date(Number.NaN)
    },

    async tasks(names: readonly string[]): Promise<StoredTask[]> {
      const { rows } = await sql<TasksTable>`select * from tasks where name = any(${names}::text[])`.execute(
        db,
      )
      return rows.map(toTask)
    },

    /**
     * Takes every tick up to this one, at most one caller does. False when another process has, or has another
     * schedule, or the task is paused, or the tick is yet to come.
     */
    async takeTick({ name, schedule, timezone }: Scheduled, tick: Date): Promise<boolean> {
      const { rows } = await sql`
        update tasks set last_tick = ${tick}
        where name = ${name} and schedule = ${schedule} and timezone = ${timezone} and not paused
          and last_tick < ${tick} and schedule_now() >= ${tick} returning name`.execute(db)
      return rows.length > 0
    },

    async passOver(name: string): Promise<void> {
      await sql`update tasks set ticks_passed_over = ticks_passed_over + 1 where name = ${name}`.execute(db)
    },

    /** Ticks of a pause are not caught up. */
    async setPaused(name: string, paused: boolean): Promise<StoredTask | undefined> {
      const { rows } = await sql<TasksTable>`
        update tasks set paused = ${paused},
          last_tick = case when paused and not ${paused}::boolean then greatest(last_tick, schedule_now()) else last_tick end
        where name = ${name} returning *`.execute(db)
      return rows[0] && toTask(rows[0])
    },

    async insertRun(run: NewRun): Promise<StoredRun> {
      const { rows } = await sql<TaskRunsTable>`
        insert into task_runs (id, task, cause, tick, input, job_id)
        values (${run.id}, ${run.task}, ${run.cause}, ${run.tick}, ${JSON.stringify(run.input)}::jsonb, ${run.job_id})
        returning *`.execute(db)
      const [row] = rows
      if (!row) throw new Error('an insert without conflict gives its row')
      return toRun(row)
    },

    /** Undefined when it is forgotten. */
    async begin(jobId: string): Promise<StoredRun | undefined> {
      const { rows } = await sql<TaskRunsTable>`
        update task_runs set status = 'running', started_at = coalesce(started_at, now()), finished_at = null, error = null
        where job_id = ${jobId} returning *`.execute(db)
      return rows[0] && toRun(rows[0])
    },

    async count(jobId: string, rows: { read: number; written: number }): Promise<void> {
      await sql`update task_runs set rows_read = ${rows.read}, rows_written = ${rows.written}
        where job_id = ${jobId}`.execute(db)
    },

    async end(jobId: string, status: string, error: unknown): Promise<void> {
      await sql`update task_runs set status = ${status}, finished_at = now(),
        error = ${error === null ? null : JSON.stringify(error)}::jsonb where job_id = ${jobId}`.execute(db)
    },

    /** Of each of the tasks. */
    async lastRuns(names: readonly string[]): Promise<StoredRun[]> {
      const { rows } = await sql<TaskRunsTable>`
        select run.* from unnest(${names}::text[]) as wanted(name)
        cross join lateral (
          select * from task_runs where task = wanted.name order by created_at desc, id desc limit 1) as run`.execute(
        db,
      )
      return rows.map(toRun)
    },

    /** Newest first. */
    async runs(
      name: string,
      { limit, before }: { limit: number; before?: { created_at: Date; id: string } | undefined },
    ): Promise<StoredRun[]> {
      let query = db
        .selectFrom('task_runs')
        .selectAll()
        .where('task', '=', name)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
      if (before)
        query = query.where(sql<SqlBool>`(created_at, id) < (${before.created_at}, ${before.id}::uuid)`)
      return (await query.execute()).map(toRun)
    },

    /** How many were removed; zero when there are no more. */
    async removeEndedBefore(days: number): Promise<number> {
      const { rows } = await sql`
        delete from task_runs where id in (
          select id from task_runs where finished_at < now() - ${days} * interval '1 day' limit ${removedAtATime})
        returning id`.execute(db)
      return rows.length
    },
  }
}

/** The columns as the driver gives them: bigint as text. */
function toTask(row: { [Name in keyof TasksTable]: unknown }): StoredTask {
  return { ...(row as StoredTask), ticks_passed_over: Number(row.ticks_passed_over) }
}

function toRun(row: { [Name in keyof TaskRunsTable]: unknown }): StoredRun {
  return { ...(row as StoredRun), rows_read: Number(row.rows_read), rows_written: Number(row.rows_written) }
}
