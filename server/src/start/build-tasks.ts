import type { TaskDeclaration } from '@roundhouse/sdk/config'
import type { Credits } from '../credits/credits.ts'
import type { Ids } from '../kit/ids.ts'
import type { TaskTools } from '../tasks/lent.ts'
import { createTasks, type Tasks } from '../tasks/tasks.ts'
import type { BuiltJobs } from './build-jobs.ts'
import { builtInTasks } from './built-in-tasks.ts'
import type { Ground } from './choose.ts'

/** The tasks of the configuration and those of the server; they run where jobs do. */
export function buildTasks(
  { database, appSql }: Ground,
  background: BuiltJobs,
  declarations: readonly TaskDeclaration[] = [],
  tools: Omit<TaskTools, 'sql'> & { credits: Credits; ids: Ids },
): Tasks {
  const tasks = createTasks({
    declarations: [...declarations, ...builtInTasks(tools)],
    database,
    jobs: background.jobs,
    ids: tools.ids,
    tools: { ...tools, sql: appSql.sql },
  })
  background.handlers.push(tasks.handler)
  background.companions.push(tasks.scheduler)
  return tasks
}
