import { isProblem, Problem } from '@roundhouse/sdk/contract'
import { CompiledQuery, type Kysely, sql } from 'kysely'
import pg from 'pg'
import type { ReadQuestion, RowsRead } from '../../ports/app-sql.ts'

type Counted = { row: string; found: string; bytes: string }

/** See `AppSql.read`. Rows and bytes are counted by the database, so that no more of them is ever held here. */
export async function readRows(db: Kysely<unknown>, question: ReadQuestion): Promise<RowsRead> {
  const { text, values, timeoutMs, maxRows, maxBytes } = question
  // With values there is a statement that is prepared, of which PostgreSQL takes one at a time.
  const [first, second] = [values.length + 1, values.length + 2]
  const counted = CompiledQuery.raw(
    `select left(row, $${second}::integer) as row, found, bytes from (
       select row, count(*) over () as found, row_number() over counting as number,
              sum(octet_length(row)) over counting as bytes
       from (
         select to_json(roundhouse_row)::text as row from (
${text}
         ) as roundhouse_row limit $${first}::integer
       ) as rows
       window counting as (rows unbounded preceding)
     ) as counted where bytes <= $${second}::integer or number = 1 order by number`,
    [...values, maxRows + 1, maxBytes],
  )
  try {
    const { rows } = await db
      .transaction()
      .setAccessMode('read only')
      .execute(async transaction => {
        await sql`select set_config('statement_timeout', ${`${Math.ceil(timeoutMs)}ms`}, true)`.execute(
          transaction,
        )
        return transaction.executeQuery<Counted>(counted)
      })
    const given = rows.slice(0, maxRows)
    const isCut = given.some(({ found, bytes }) => Number(found) > given.length || Number(bytes) > maxBytes)
    return { rows: given.map(({ row }) => row), isCut }
  } catch (error) {
    throw told(error, timeoutMs)
  }
}

/** Of what a value may cause; all else is a fault of the statement. Source: PostgreSQL, appendix A, classes 22 and 57. */
function told(error: unknown, timeoutMs: number): unknown {
  const cause = isProblem(error) ? error.cause : error
  if (!(cause instanceof pg.DatabaseError)) return error
  if (cause.code === '57014')
    return new Problem('deadline-exceeded', `The query took longer than ${timeoutMs / 1000} s.`, { cause })
  if (cause.code?.startsWith('22'))
    return new Problem('invalid-request', `The database refuses a value: ${cause.message}.`, { cause })
  return error
}
