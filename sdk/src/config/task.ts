import { z } from 'zod'
import { taskName } from '../contract/task.ts'

/** What can be stored as JSON. */
export type TaskJson =
  | null
  | boolean
  | number
  | string
  | readonly TaskJson[]
  | { readonly [name: string]: TaskJson }

// biome-ignore lint/suspicious/noConfusingVoidType: what an async function without a result gives.
export type TaskResult = TaskJson | undefined | void

/** One statement and its rows. What stands in `${}` is bound as a parameter: it is never part of the text. */
export type TaskQuery = <Row = Record<string, unknown>>(
  text: TemplateStringsArray,
  ...values: readonly unknown[]
) => Promise<Row[]>

/** Each statement is a transaction of its own, and ends within 5 s. */
export type TaskSql = TaskQuery & {
  /** Committed when `work` fulfils, rolled back when it rejects. Between its statements pass 10 s at most. */
  transaction<Result>(work: (sql: TaskQuery) => Promise<Result>): Promise<Result>
}

export type TaskRequest = RequestInit & {
  /** Whether the request may be sent again. By default those that do the same when they are done twice: not POST and PATCH. */
  repeat?: boolean
}

export type TaskFile = { name: string; sizeBytes: number; contentType: string; updatedAt: Date }

/** The buckets of this server, with all rights. Names are those of objects, e.g. `2026/prices.csv`. */
export type TaskFiles = {
  /** Replaces what has this name. */
  put(
    bucket: string,
    name: string,
    content: string | Uint8Array | AsyncIterable<Uint8Array>,
    options?: { contentType?: string },
  ): Promise<void>
  /** Read it by `text()`, `json()`, `arrayBuffer()` or as the stream `body`. @throws Problem `object-not-found`. */
  get(bucket: string, name: string): Promise<Response>
  /** In the order of their names. */
  list(bucket: string, prefix?: string): AsyncIterable<TaskFile>
  remove(bucket: string, name: string): Promise<void>
  /** An address that needs no credential until it expires. */
  signedUrl(bucket: string, name: string, expiresInSeconds: number): Promise<string>
}

type LogLine = (event: string, fields?: Readonly<Record<string, unknown>>) => void

/** What a task works with. Everything it begins ends with `signal`. */
export type TaskContext = {
  /** Tables of the schema `app`, then `public`. */
  readonly sql: TaskSql
  /**
   * As the global one, but patient: not more requests per second and host than declared; 429, 500, 502, 503, 504 and
   * broken connections are tried again, up to six times, when the host says or after a random wait that grows.
   * Gives the last answer, whatever its status; rejects when there was none.
   */
  readonly fetch: (url: string | URL, request?: TaskRequest) => Promise<Response>
  readonly files: TaskFiles
  /** @param model `name`, or `name@version`. Inputs and outputs are nested arrays by name. */
  predict(model: string, inputs: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>
  /**
   * Does the work once per run, however often the run is begun: what it gave is stored, and given back the next time.
   * @param name Unique in the run. @param work Is given a key by which an outside effect can be recognised as the same.
   */
  step<Result extends TaskResult>(
    name: string,
    work: (idempotencyKey: string) => Promise<Result>,
  ): Promise<Result>
  progress(done: number, total: number | null, unit: string): void
  /** Lines of the server's log, with the name of the task and the id of the run. */
  readonly log: Readonly<Record<'debug' | 'info' | 'warn' | 'error', LogLine>>
  /** Aborts when the run was cancelled, is handed to another process, or has run too long. */
  readonly signal: AbortSignal
  /** What the run was started with by hand; empty by schedule. */
  readonly input: Readonly<Record<string, unknown>>
  /** The moment the schedule named; null when started by hand. */
  readonly tick: Date | null
  /** Counted in the history of the run. Those of a step count once, however often it was tried. */
  readonly rows: { read(count: number): void; written(count: number): void }
}

/** Work that runs by schedule, or when it is told to. */
export type TaskDeclaration = {
  /** Small letters, digits and hyphens. */
  name: string
  description?: string | undefined
  /** A cron expression of five fields, e.g. `30 6 * * 1-5`. Absent: only when it is told to. */
  schedule?: string | undefined
  /** Of the schedule, e.g. `Europe/Berlin`. UTC when absent. */
  timezone?: string | undefined
  /** What becomes of ticks at which no process ran: nothing, or one run for all of them. `skip` when absent. */
  missed?: 'skip' | 'once' | undefined
  /** How often a run is begun at most, ends of the process included: 1 to 10, 3 when absent. */
  retry?: { attempts: number } | undefined
  /** An hour when absent, 23 at most. */
  timeoutSeconds?: number | undefined
  /** A tick that comes while a run has not ended is passed over. True when absent. */
  singleton?: boolean | undefined
  /** Requests to one host, 10 a second when absent. */
  fetch?: { requestsPerSecond: number } | undefined
  /** What it gives is kept as the result of its job. */
  run(context: TaskContext): Promise<TaskResult>
}

/** Checks the types of a task where it is written. */
export function defineTask(task: TaskDeclaration): TaskDeclaration {
  return task
}

/** What of a declaration can be checked without knowing of schedules. */
export const taskDeclaration = z.strictObject({
  name: taskName,
  description: z.string().min(1).max(500).optional(),
  schedule: z.string().optional(),
  timezone: z
    .string()
    .refine(isTimezone, { error: 'A time zone has a name like Europe/Berlin or UTC.' })
    .optional(),
  missed: z.enum(['skip', 'once']).optional(),
  retry: z.strictObject({ attempts: z.int().min(1).max(10) }).optional(),
  timeoutSeconds: z.number().min(1).max(82_800).optional(),
  singleton: z.boolean().optional(),
  fetch: z.strictObject({ requestsPerSecond: z.number().positive().max(10_000) }).optional(),
  run: z.custom<TaskDeclaration['run']>(value => typeof value === 'function', {
    error: 'A function: async run(context) { ... }.',
  }),
})

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}
