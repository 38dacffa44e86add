import type { TaskSql } from '@roundhouse/sdk/config'

/**
 * The user's own tables: connections of the least-privilege role that look into the schemas `app` and `public`, and see
 * no row of ours. Every statement ends within 6 s: with rows, or with Problem `database-unavailable`; what the database
 * itself refuses rejects with the driver's error.
 */
export type AppSql = {
  readonly sql: TaskSql
  /**
   * Asks one statement that gives rows, in a transaction in which the database lets nothing be written.
   * @throws Problem `deadline-exceeded`; `invalid-request` when a value is none of its type.
   */
  read(question: ReadQuestion): Promise<RowsRead>
  close(): Promise<void>
}

export type ReadQuestion = {
  /** With $1, $2, ... for `values`. */
  readonly text: string
  readonly values: readonly unknown[]
  /** 4000 at most. */
  readonly timeoutMs: number
  readonly maxRows: number
  /** Of all rows together. Of a first row that is larger only the beginning is given. */
  readonly maxBytes: number
}

/** Each row as JSON that the database wrote. `isCut`: there is more. */
export type RowsRead = { readonly rows: readonly string[]; readonly isCut: boolean }
