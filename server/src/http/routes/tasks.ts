import {
  listTaskRuns,
  runTask,
  type Task as TaskBody,
  type TaskRun as TaskRunBody,
  taskList,
  taskName,
  taskRun,
  taskRunList,
  task as taskSchema,
  updateTask,
} from '@roundhouse/sdk/contract'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Json } from '../../jobs/job.ts'
import type { StoredRun } from '../../tasks/store.ts'
import type { TaskState } from '../../tasks/tasks.ts'
import { callerOf } from '../authenticate.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { keepAnswer } from '../idempotency.ts'
import { decodeCursor, pageOf } from '../wire.ts'

/** Where a page ended: the time of its last run and its id. */
const runCursor = z
  .string()
  .regex(/^\d{1,16} [0-9a-f-]{36}$/)
  .transform(text => {
    const [time = '', id = ''] = text.split(' ')
    return { created_at: new Date(Number(time)), id }
  })
  .refine(({ created_at }) => !Number.isNaN(created_at.getTime()))
  .refine(({ id }) => z.uuid().safeParse(id).success)

/** The tasks of roundhouse.config.ts: for administrators. */
export async function taskRoutes(
  scope: FastifyInstance,
  { tasks }: Pick<HttpDependencies, 'tasks'>,
): Promise<void> {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const tags = ['Tasks']
  const config = { access: 'admin', scopes: ['admin'] } as const
  const params = z.object({ name: taskName })

  app.get(
    '/api/v1/tasks',
    {
      config,
      schema: { tags, summary: 'Tasks, their next ticks and last runs', response: { 200: taskList } },
    },
    async request => ({ data: (await tasks.list(callerOf(request))).map(taskBody) }),
  )

  app.post(
    '/api/v1/tasks/:name/run',
    {
      config,
      schema: {
        tags,
        summary: 'Run a task now',
        params,
        body: runTask.optional(),
        response: { 201: taskRun },
      },
      // It may be left out, which Fastify would check as null.
      preValidation(request, _reply, done) {
        if (request.body === undefined) request.body = {}
        done()
      },
    },
    async (request, reply) => {
      const within = keepAnswer(request, reply.code(201), runBody)
      // It was read from JSON.
      const input = (request.body?.input ?? {}) as Record<string, Json>
      return runBody(await tasks.run(callerOf(request), request.params.name, input, within))
    },
  )

  app.get(
    '/api/v1/tasks/:name/runs',
    {
      config,
      schema: {
        tags,
        summary: 'Runs of a task, newest first',
        params,
        querystring: listTaskRuns,
        response: { 200: taskRunList },
      },
    },
    async request => {
      const { limit, cursor } = request.query
      const runs = await tasks.runs(callerOf(request), request.params.name, {
        limit: limit + 1,
        before: decodeCursor(cursor, runCursor),
      })
      return pageOf(runs, limit, runBody, last => `${last.created_at.getTime()} ${last.id}`)
    },
  )

  app.patch(
    '/api/v1/tasks/:name',
    {
      config,
      schema: {
        tags,
        summary: 'Pause or resume the schedule of a task',
        params,
        body: updateTask,
        response: { 200: taskSchema },
      },
    },
    async request =>
      taskBody(await tasks.setPaused(callerOf(request), request.params.name, request.body.paused)),
  )
}

function taskBody(state: TaskState): TaskBody {
  const { name, description, schedule, timezone, paused, ticks_passed_over, nextRuns, lastRun } = state
  return {
    name,
    description,
    schedule,
    timezone,
    paused,
    ticks_passed_over,
    next_runs: nextRuns.map(tick => tick.toISOString()),
    last_run: lastRun && runBody(lastRun),
  }
}

function runBody(run: StoredRun): TaskRunBody {
  return {
    ...run,
    tick: run.tick?.toISOString() ?? null,
    created_at: run.created_at.toISOString(),
    started_at: run.started_at?.toISOString() ?? null,
    finished_at: run.finished_at?.toISOString() ?? null,
  }
}
