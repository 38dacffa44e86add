import { z } from 'zod'

const moment = z.iso.datetime({ offset: true, error: 'is a time, 2026-11-21T08:00:00Z' })
const requestId = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, {
  error: 'A request id has 1 to 128 letters, digits, dots, underscores or hyphens.',
})

export const logLevel = z.enum(['debug', 'info', 'warn', 'error'])

/** One event that a process told. What only some events say is in `fields`. */
export const logLine = z.object({
  /** Grows with each line that is stored: one goes on behind it. */
  id: z.int(),
  at: z.iso.datetime(),
  level: logLevel,
  /** Noun-verb: `request-end`, `model-load`. */
  event: z.string(),
  request_id: z.string().nullable(),
  user_id: z.uuid().nullable(),
  method: z.string().nullable(),
  path: z.string().nullable(),
  status: z.int().nullable(),
  duration_ms: z.number().nullable(),
  model: z.string().nullable(),
  /** Who said it: `<host>/<process id>/<random>`. */
  process: z.string(),
  fields: z.record(z.string(), z.unknown()),
})

/**
 * `q`: words that stand anywhere in the line, `"several words"`, and `key:value` for what has to hold: `level:warn,error`,
 * `event:run-*`, `path:/api/v1/models`, `method:POST`, `status:5xx`, `status:>=400`, `duration:>250ms`, `user:` an id, an
 * e-mail address or `none`, `model:`, `request:`, `process:`, `id:`, or the name of any other field. A hyphen in front turns it
 * round; a comma between values means any of them.
 */
const filter = { q: z.string().max(500).optional(), request_id: requestId.optional() }

/** Query of `GET /api/v1/logs`. `from` is included, `to` is not. */
export const listLogs = z.object({
  ...filter,
  from: moment.optional(),
  to: moment.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().min(1).max(1024).optional(),
})

/**
 * Newest first. A page may hold fewer lines than asked for, or none, while `next_cursor` is not null: so many lines were
 * looked through in the time there is, back to `searched_to`.
 */
export const logList = z.object({
  data: z.array(logLine),
  next_cursor: z.string().nullable(),
  searched_to: z.iso.datetime().nullable(),
  /** Of the newest line there was, whatever was asked for: to be followed from. */
  newest_id: z.int(),
})

/** Query of `GET /api/v1/logs/events`; the header `Last-Event-ID` wins over `after`. Without either: what comes from now on. */
export const followLogs = z.object({
  ...filter,
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
})

export const requestParams = z.object({ request_id: requestId })

export const storyKind = z.enum([
  'log',
  'job',
  'run',
  'llm',
  'tool',
  'approval',
  'prediction',
  'call',
  'report',
  'credit',
  'audit',
])

/**
 * One thing that a request did. `call` is a call of a language model that no run made, `credit` an
 * entry of the ledger. `name` is that of the agent, model, tool, template, event or act.
 */
export const storyEntry = z.object({
  kind: storyKind,
  /** Unique within the story. */
  id: z.string(),
  /** The entry it is a part of. */
  parent_id: z.string().nullable(),
  name: z.string(),
  /** As the kind has it: `done`, `failed`, `running`, `ok`, `error`, a level. Null where there is none. */
  status: z.string().nullable(),
  at: z.iso.datetime(),
  /** Null of what took no time, and of what is under way. */
  ended_at: z.iso.datetime().nullable(),
  user_id: z.uuid().nullable(),
  attributes: z.record(z.string(), z.unknown()),
})

/**
 * Answer of `GET /api/v1/requests/{request_id}`: what the caller may see of it, in order of time. `is_cut` when a kind had
 * more than 500 entries.
 */
export const requestStory = z.object({
  request_id: z.string(),
  entries: z.array(storyEntry),
  is_cut: z.boolean(),
})

export type LogLevel = z.infer<typeof logLevel>
export type LogLine = z.infer<typeof logLine>
export type ListLogs = z.input<typeof listLogs>
export type LogList = z.infer<typeof logList>
export type FollowLogs = z.input<typeof followLogs>
export type StoryKind = z.infer<typeof storyKind>
export type StoryEntry = z.infer<typeof storyEntry>
export type RequestStory = z.infer<typeof requestStory>
