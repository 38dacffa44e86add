import type { LogLevel } from '@roundhouse/sdk/contract'

/** A line as it is written: ids and times are the process's own. */
export type NewLine = {
  /** Its how many-th line. */
  readonly number: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly level: LogLevel
  readonly event: string
  readonly requestId: string | null
  readonly userId: string | null
  readonly method: string | null
  readonly path: string | null
  readonly status: number | null
  readonly durationMs: number | null
  readonly model: string | null
  /** JSON of an object. */
  readonly fields: string | null
}

/** A line that is stored. */
export type StoredLine = Omit<NewLine, 'number' | 'at' | 'fields'> & {
  /** In the order of commits. */
  readonly id: number
  readonly at: Date
  readonly process: string
  readonly fields: Record<string, unknown>
}
