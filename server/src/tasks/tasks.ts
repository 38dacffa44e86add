import type { TaskDeclaration } from '@roundhouse/sdk/config'
import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { JobHandler, Jobs, Json } from '../jobs/job.ts'
import type { Ids } from '../kit/ids.ts'
import type { Database, DatabaseCaller, WithinTransaction } from '../ports/database.ts'
import { createBeginRun } from './begin-run.ts'
import { defineTasks, type TaskDefinition } from './definitions.ts'
import { createTaskHandler } from './handler.ts'
import type { TaskTools } from './lent.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { createTaskStore, type StoredRun, type StoredTask, type TaskTables } from './store.ts'

/** A task as it stands: what is declared, and what has become of it. */
export type TaskState = StoredTask & {
  readonly description: string | null
  /** None while it is paused. */
  readonly nextRuns: readonly Date[]
  readonly lastRun: StoredRun | null
}

/** For administrators; the database shows others nothing. Each call throws Problem `resource-not-found` for no task of ours. */
export type Tasks = {
  /** Of every task there is. */
  readonly names: readonly string[]
  /** Makes known what is declared. Before anything else. */
  declare(): Promise<void>
  /** In the order of their declaration. */
  list(caller: DatabaseCaller): Promise<TaskState[]>
  /** One audit entry. @throws Problem `conflict` while a run of a singleton has not ended. */
  run(
    caller: DatabaseCaller,
    name: string,
    input: Record<string, Json>,
    within?: WithinTransaction<StoredRun>,
  ): Promise<StoredRun>
  /** Newest first. */
  runs(
    caller: DatabaseCaller,
    name: string,
    page: { limit: number; before?: { created_at: Date; id: string } | undefined },
  ): Promise<StoredRun[]>
  /** Ticks of a pause are passed over; what runs goes on. One audit entry. */
  setPaused(caller: DatabaseCaller, name: string, paused: boolean): Promise<TaskState>
  /** Forgets runs that ended long ago. */
  sweep(): Promise<void>
  readonly scheduler: Scheduler
  readonly handler: JobHandler<TaskTables>
}

const shownTicks = 3
/** A year can be compared with the one before. */
const keptDays = 400

export function createTasks({
  declarations,
  database,
  jobs,
  ids,
  tools,
}: {
  declarations: readonly TaskDeclaration[]
  database: Database<TaskTables>
  jobs: Pick<Jobs<TaskTables>, 'add'>
  ids: Ids
  tools: TaskTools
}): Tasks {
  const definitions = defineTasks(declarations)
  const names = [...definitions.keys()]
  const begin = createBeginRun({ jobs, ids })
  const system = createTaskStore(database.system)

  function definitionOf(name: string): TaskDefinition {
    const definition = definitions.get(name)
    if (!definition) throw new Problem('resource-not-found', `There is no task ${name}.`)
    return definition
  }

  async function states(caller: DatabaseCaller, wanted: readonly string[]): Promise<TaskState[]> {
    const { now, rows, last } = await database.as(caller, async db => {
      const store = createTaskStore(db)
      return { now: await store.now(), rows: await store.tasks(wanted), last: await store.lastRuns(wanted) }
    })
    return wanted.flatMap(name => {
      const row = rows.find(row => row.name === name)
      if (!row) return []
      const { description, schedule } = definitionOf(name)
      return [
        {
          ...row,
          description,
          nextRuns: row.paused || !schedule ? [] : schedule.upcoming(shownTicks, now),
          lastRun: last.find(run => run.task === name) ?? null,
        },
      ]
    })
  }

  return {
    names,

    async declare() {
      for (const { name, cron, timezone } of definitions.values())
        await system.declare({ name, schedule: cron, timezone })
    },

    list: caller => states(caller, names),

    async run(caller, name, input, within) {
      const definition = definitionOf(name)
      try {
        return await database.as(caller, async (db, audit) => {
          const run = await begin(db, definition, { cause: 'manual', tick: null, input })
          await audit('task-run', name, { run_id: run.id })
          await within?.(db, run)
          return run
        })
      } catch (error) {
        if (!isProblem(error) || error.code !== 'conflict') throw error
        throw new Problem(
          'conflict',
          `The task ${name} is running already. Wait for it, or cancel its job.`,
          {
            cause: error,
          },
        )
      }
    },

    async runs(caller, name, page) {
      definitionOf(name)
      return database.as(caller, db => createTaskStore(db).runs(name, page))
    },

    async setPaused(caller, name, paused) {
      definitionOf(name)
      await database.as(caller, async (db, audit) => {
        await createTaskStore(db).setPaused(name, paused)
        await audit(paused ? 'task-pause' : 'task-resume', name)
      })
      const [state] = await states(caller, [name])
      if (!state) throw new Problem('resource-not-found', `There is no task ${name}.`)
      return state
    },

    async sweep() {
      while ((await system.removeEndedBefore(keptDays)) > 0);
    },

    scheduler: createScheduler({ definitions, database, begin, log: tools.log }),
    handler: createTaskHandler({ definitions, database, tools }),
  }
}
