import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { parseSchedule } from '../tasks/schedule.ts'
import { builtInTaskNames } from './built-in-tasks.ts'

const outline = z.looseObject({
  tasks: z
    .array(
      z.looseObject({
        name: z.unknown(),
        schedule: z.string().optional().catch(undefined),
        timezone: z.string().optional().catch(undefined),
      }),
    )
    .catch([]),
  migrations: z.string().optional().catch(undefined),
})

/**
 * What the form alone does not tell of tasks and migrations, each as `tasks[1].schedule: …`.
 * @param value The configuration as it was exported, right or wrong. @param folder What relative paths start from.
 */
export async function taskProblems(value: object, folder: string): Promise<string[]> {
  const { tasks, migrations } = outline.parse(value)
  const names = tasks.map(({ name }) => name)
  const problems = tasks.flatMap(({ name, schedule, timezone }, index) => {
    const at = `tasks[${index}]`
    const first = names.indexOf(name)
    return [
      ...(typeof name === 'string' && first !== index
        ? [`${at}.name: ${name} is declared twice; the first is tasks[${first}].`]
        : []),
      ...(builtInTaskNames.some(builtIn => builtIn === name)
        ? [`${at}.name: ${name} is a task of the server itself. Choose another name.`]
        : []),
      ...scheduleProblems(`${at}.schedule`, schedule, timezone),
    ]
  })
  return [...problems, ...(await migrationProblems(migrations, folder))]
}

/** Absolute; undefined when none is declared. */
export function appMigrationsFolder(file: {
  folder: string
  content: { migrations?: string | undefined }
}): string | undefined {
  const { migrations } = file.content
  return migrations === undefined ? undefined : resolve(file.folder, migrations)
}

function scheduleProblems(at: string, schedule: string | undefined, timezone = 'UTC'): string[] {
  if (schedule === undefined) return []
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone })
  } catch {
    // Told by the form already; the expression is looked at all the same.
    return scheduleProblems(at, schedule)
  }
  try {
    parseSchedule(schedule, timezone)
    return []
  } catch (error) {
    return [`${at}: ${error instanceof Error ? error.message : String(error)}`]
  }
}

async function migrationProblems(migrations: string | undefined, folder: string): Promise<string[]> {
  if (migrations === undefined || migrations === '') return []
  const path = resolve(folder, migrations)
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() ? [] : [`migrations: there is no folder ${path}.`]
}
