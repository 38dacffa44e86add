import type { TaskQuery } from '@roundhouse/sdk/config'
import { type Kysely, sql } from 'kysely'
import type { Log } from '../../kit/log.ts'
import type { AppSql } from '../../ports/app-sql.ts'
import { appSchema } from './app-migrations.ts'
import type { ConnectionOptions } from './connection.ts'
import { type DatabaseTimeouts, openDatabase } from './database.ts'
import { readRows } from './read-rows.ts'

/** For work that nobody waits for. */
const timeouts: DatabaseTimeouts = { connectMs: 1000, queryMs: 5000, statementMs: 4500, lockMs: 2000 }

/** Opens a bounded pool; connects when first asked. */
export function openAppSql(options: ConnectionOptions & { max: number; log: Log }): AppSql {
  const database = openDatabase<unknown>({
    ...options,
    searchPath: `${appSchema},public`,
    systemMax: 1,
    timeouts,
  })
  return {
    sql: Object.assign(queryOn(database.nobody), {
      transaction: <Result>(work: (sql: TaskQuery) => Promise<Result>) =>
        database.nobody.transaction().execute(transaction => work(queryOn(transaction))),
    }),
    read: question => readRows(database.nobody, question),
    close: database.close,
  }
}

function queryOn(db: Kysely<unknown>): TaskQuery {
  return async <Row>(text: TemplateStringsArray, ...values: readonly unknown[]) =>
    (await sql<Row>(text, ...values.map(value => sql.val(value))).execute(db)).rows
}
