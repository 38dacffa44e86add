import type { TaskSql } from '@roundhouse/sdk/config'

/**
 * The user's own tables: connections of the least-privilege role that look into the schemas `app` and `public`, and see
 * no row of ours. Every statement ends within 6 s: with rows, or with Problem `database-unavailable`; what the database
 * itself refuses rejects with the driver's error.
 */
export type AppSql = { readonly sql: TaskSql; close(): Promise<void> }
