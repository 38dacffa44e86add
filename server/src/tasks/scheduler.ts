import { isProblem } from '@roundhouse/sdk/contract'
import type { Log } from '../kit/log.ts'
import type { Database } from '../ports/database.ts'
import type { BeginRun } from './begin-run.ts'
import type { Definitions, TaskDefinition } from './definitions.ts'
import { createTaskStore, type StoredTask, type TaskTables } from './store.ts'

/** Any number of processes may run one: each tick is taken by one of them. */
export type Scheduler = {
  start(): void
  /** Fulfils when nothing is begun any more. */
  stop(): Promise<void>
  /** Begins what is due now. Once a second between start and stop. */
  look(): Promise<void>
}

const lookMs = 1000
/** A tick that is found later than this was missed: no process ran. */
const onTimeMs = 60_000

/** Goes by the clock of the database alone: those of the processes may be wrong. */
export function createScheduler({
  definitions,
  database,
  begin,
  log,
}: {
  definitions: Definitions
  database: Database<TaskTables>
  begin: BeginRun
  log: Log
}): Scheduler {
  const scheduled = new Map([...definitions].filter(([, { schedule }]) => schedule !== undefined))
  const names = [...scheduled.keys()]
  const store = createTaskStore(database.system)
  /** The next tick of each task, so that a look costs one query. */
  const coming = new Map<string, { from: number; next: Date | undefined }>()
  let timer: NodeJS.Timeout | undefined
  let current: Promise<void> | undefined

  async function lookAtAll(): Promise<void> {
    if (names.length === 0) return
    const now = await store.now()
    for (const row of await store.tasks(names)) {
      const definition = scheduled.get(row.name)
      if (!definition || row.paused || !isDue(definition, row, now)) continue
      const tick = definition.schedule?.latest(now)
      if (!tick || tick <= row.last_tick) continue
      // One that cannot be begun does not keep the others waiting; it is tried again at the next look.
      await take(definition, tick, now).catch(error => report(error, row.name))
    }
  }

  function isDue({ name, schedule }: TaskDefinition, { last_tick }: StoredTask, now: Date): boolean {
    const from = last_tick.getTime()
    const known = coming.get(name)
    const next = known?.from === from ? known.next : schedule?.next(last_tick)
    coming.set(name, { from, next })
    return next !== undefined && next <= now
  }

  /** All of it in one transaction: the tick is taken and its run is there, or neither. */
  async function take(definition: TaskDefinition, tick: Date, now: Date): Promise<void> {
    const { name, cron, timezone, missed } = definition
    const isMissed = now.getTime() - tick.getTime() > onTimeMs
    const fields = { task: name, tick: tick.toISOString() }
    const outcome = await database.asSystem(async db => {
      const tasks = createTaskStore(db)
      if (!(await tasks.takeTick({ name, schedule: cron, timezone }, tick))) return 'taken'
      if (isMissed && missed === 'skip') return 'missed'
      try {
        await begin(db, definition, { cause: isMissed ? 'missed' : 'schedule', tick, input: {} })
        return 'begun'
      } catch (error) {
        if (!isProblem(error) || error.code !== 'conflict') throw error
        await tasks.passOver(name)
        return 'passed-over'
      }
    })
    if (outcome === 'begun') log.info('task-tick', fields)
    else if (outcome === 'missed') log.warn('task-tick-miss', fields)
    else if (outcome === 'passed-over')
      log.warn('task-tick-pass-over', { ...fields, detail: 'The run before has not ended.' })
  }

  function report(error: unknown, task?: string): void {
    log.warn('task-look-fail', { ...(task === undefined ? {} : { task }), err: error })
  }

  function look(): Promise<void> {
    current ??= lookAtAll().finally(() => {
      current = undefined
    })
    return current
  }

  return {
    look,
    start() {
      timer = setInterval(() => {
        look().catch(error => report(error))
      }, lookMs)
      timer.unref()
    },
    async stop() {
      clearInterval(timer)
      await current?.catch(() => {})
    },
  }
}
