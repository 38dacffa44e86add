/** Fields of one line. Never bodies, tokens or prompts. */
export type LogFields = Readonly<Record<string, unknown>>

/**
 * One line per event; `event` is noun-verb (`model-load`, `request-end`).
 * An `err` field may hold an Error: its stack is written.
 */
export type Log = {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
