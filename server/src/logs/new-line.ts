import type { LogLevel } from '@roundhouse/sdk/contract'
import type { Context } from '../kit/context.ts'
import type { LogFields } from '../kit/log.ts'
import type { NewLine } from './line.ts'

/** Longer is cut: a stack with its causes has about 4,000. */
const maxFieldsChars = 16_384
const maxTextChars = 2048
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

type Columns = {
  -readonly [Name in 'requestId' | 'userId' | 'method' | 'path' | 'model']: string | null
} & { status: number | null; durationMs: number | null }

/**
 * The line that an event with these fields becomes. What has a column is taken as it is; the rest is printed now, so that
 * nothing large is kept until it is written. Fields that a column cannot hold stay with the rest: tasks name theirs as they like.
 */
export function newLine(
  told: { number: number; at: number; level: LogLevel; event: string },
  fields: LogFields,
  now: Context | undefined,
): NewLine {
  const named = 'request_id' in fields
  const columns: Columns = {
    requestId: named ? null : (now?.requestId ?? null),
    userId: named ? null : (now?.userId ?? null),
    method: null,
    path: null,
    status: null,
    durationMs: null,
    model: null,
  }
  let rest: Record<string, unknown> | undefined
  for (const name in fields) {
    const value = fields[name]
    if (value === undefined || put(columns, name, value)) continue
    rest ??= {}
    rest[name] = value
  }
  return { ...told, event: storable(told.event), ...columns, fields: rest ? printed(rest) : null }
}

/** False when it has no column, or does not fit into it. */
function put(columns: Columns, name: string, value: unknown): boolean {
  switch (name) {
    case 'request_id':
      if (typeof value === 'string') columns.requestId = storable(value)
      return typeof value === 'string' || value === null
    case 'user_id':
      if (value !== null && !(typeof value === 'string' && uuid.test(value))) return false
      columns.userId = value
      return true
    case 'method':
    case 'path':
    case 'model':
      if (typeof value !== 'string') return false
      columns[name] = storable(value)
      return true
    case 'status':
      if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > 999) return false
      columns.status = Number(value)
      return true
    case 'duration_ms':
      if (typeof value !== 'number' || !(value >= 0 && value < 1e12)) return false
      columns.durationMs = value
      return true
    default:
      return false
  }
}

function printed(rest: Record<string, unknown>): string {
  const text = jsonOf(rest)
  // Half a JSON text is none; the beginning is what says most.
  const whole =
    text.length <= maxFieldsChars ? text : JSON.stringify({ cut: text.slice(0, maxFieldsChars / 2) })
  return whole.replace(escapes, found => (found.length > 2 ? '\\ufffd' : found))
}

/** In names too. Postgres stores what is no text to it, and then refuses every query that reads a field of the line. */
const escapes = /\\(?:u0000|ud[89a-f][0-9a-f]{2}|.)/g

/** A field may hold anything: what has no JSON costs the line its fields, never the request its answer. */
function jsonOf(rest: Record<string, unknown>): string {
  try {
    return JSON.stringify(rest, (_, value: unknown) => {
      if (typeof value === 'bigint') return String(value)
      return value instanceof Error ? errorFields(value) : value
    })
  } catch {
    return '{"cut":"These fields have no JSON."}'
  }
}

/** As the log on standard output has them. */
function errorFields(error: Error): Record<string, unknown> {
  const { name, message, stack, cause } = error
  return { ...error, type: name, message, stack, ...(cause === undefined ? {} : { cause }) }
}

function storable(text: string): string {
  return wellFormed(text.length > maxTextChars ? text.slice(0, maxTextChars) : text)
}

/** U+0000 and lone surrogates are not text to Postgres. */
function wellFormed(text: string): string {
  return text.includes('\0') ? text.toWellFormed().replaceAll('\0', '\ufffd') : text.toWellFormed()
}
