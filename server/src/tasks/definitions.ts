import type { TaskDeclaration } from '@roundhouse/sdk/config'
import { parseSchedule, type Schedule } from './schedule.ts'

/** A declared task with everything it leaves out. */
export type TaskDefinition = {
  readonly name: string
  readonly description: string | null
  /** As it was written, and what it means. */
  readonly cron: string | null
  readonly schedule: Schedule | undefined
  readonly timezone: string
  readonly missed: 'skip' | 'once'
  readonly attempts: number
  readonly timeoutMs: number
  readonly singleton: boolean
  readonly requestsPerSecond: number
  readonly run: TaskDeclaration['run']
}

/** By name. The declarations were checked when they were read. */
export type Definitions = ReadonlyMap<string, TaskDefinition>

export function defineTasks(declarations: readonly TaskDeclaration[]): Definitions {
  return new Map(declarations.map(declaration => [declaration.name, definitionOf(declaration)]))
}

function definitionOf(declaration: TaskDeclaration): TaskDefinition {
  const { name, description, schedule, timezone = 'UTC', run } = declaration
  return {
    name,
    description: description ?? null,
    cron: schedule ?? null,
    schedule: schedule === undefined ? undefined : parseSchedule(schedule, timezone),
    timezone,
    missed: declaration.missed ?? 'skip',
    attempts: declaration.retry?.attempts ?? 3,
    timeoutMs: (declaration.timeoutSeconds ?? 3600) * 1000,
    singleton: declaration.singleton ?? true,
    requestsPerSecond: declaration.fetch?.requestsPerSecond ?? 10,
    run,
  }
}
