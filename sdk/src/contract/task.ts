import { z } from 'zod'
import { isStorable, notStorable } from './storable.ts'

export const taskName = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, {
  error: 'A task name has 1 to 64 small letters, digits and hyphens and starts with a letter.',
})

/** A task of `roundhouse.config.ts`. `next_runs` are the next ticks of its schedule, none while it is paused. */
export const task = z.object({
  name: taskName,
  description: z.string().nullable(),
  /** A cron expression of five fields, or null: it runs when it is told to. */
  schedule: z.string().nullable(),
  timezone: z.string(),
  paused: z.boolean(),
  /** Ticks that came while the run before had not ended. */
  ticks_passed_over: z.int().min(0),
  next_runs: z.array(z.iso.datetime()),
  last_run: z.lazy(() => taskRun.nullable()),
})

/** `cause` is the schedule, a missed tick that is caught up, or a person; `tick` is the moment the schedule named. */
export const taskRun = z.object({
  id: z.uuid(),
  task: taskName,
  cause: z.enum(['schedule', 'missed', 'manual']),
  tick: z.iso.datetime().nullable(),
  input: z.record(z.string(), z.unknown()),
  job_id: z.uuid(),
  status: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  rows_read: z.int().min(0),
  rows_written: z.int().min(0),
  error: z.object({ code: z.string(), detail: z.string() }).nullable(),
  created_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
})

export const taskList = z.object({ data: z.array(task) })

/** Query of `GET /api/v1/tasks/{name}/runs`. */
export const listTaskRuns = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1024).optional(),
})

/** `next_cursor` is null on the last page. */
export const taskRunList = z.object({ data: z.array(taskRun), next_cursor: z.string().nullable() })

/** Body of `POST /api/v1/tasks/{name}/run`: what the task is given, e.g. the range of a backfill. */
export const runTask = z.strictObject({
  input: z.record(z.string(), z.unknown()).refine(isStorable, { error: notStorable }).optional(),
})

/** Body of `PATCH /api/v1/tasks/{name}`. */
export const updateTask = z.strictObject({ paused: z.boolean() })

export type Task = z.infer<typeof task>
export type TaskRun = z.infer<typeof taskRun>
export type TaskList = z.infer<typeof taskList>
export type ListTaskRuns = z.infer<typeof listTaskRuns>
export type TaskRunList = z.infer<typeof taskRunList>
export type RunTask = z.input<typeof runTask>
