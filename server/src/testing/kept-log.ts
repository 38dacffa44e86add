import type { Log, LogFields } from '../kit/log.ts'

/** A log that keeps its lines, each with its `event`. */
export function keptLog(): { log: Log; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  return { log: logTo((event, fields) => lines.push({ event, ...fields })), lines }
}

/** A log that keeps the event and the fields of each line as text, as the log prints them. */
export function printedLog(): { log: Log; lines: string[] } {
  const lines: string[] = []
  return { log: logTo((event, fields) => lines.push(`${event} ${printed(fields)}`)), lines }
}

/** Errors with their stack, cause and fields. */
export function printed(value: unknown): string {
  return JSON.stringify(value, (_, field) =>
    field instanceof Error ? { ...field, stack: field.stack, cause: field.cause } : field,
  )
}

function logTo(keep: (event: string, fields?: LogFields) => unknown): Log {
  const note = (event: string, fields?: LogFields) => void keep(event, fields)
  return { debug: note, info: note, warn: note, error: note }
}
