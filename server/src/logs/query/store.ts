import { type RawBuilder, sql } from 'kysely'
import type { Bound, LogMatch, LogTerm, Pattern } from './query.ts'

/** SQL of what a query wants of a row of `log_lines`. A match that the row has nothing for is false, never null. */
export function conditionOf(terms: readonly LogTerm[]): RawBuilder<unknown> {
  if (terms.length === 0) return sql`true`
  return sql.join(terms.map(termOf), sql` and `)
}

/** Null for a row that has nothing for any of the matches. In this form, and no other, an index finds them. */
export function anyOf(matches: readonly LogMatch[]): RawBuilder<unknown> {
  return sql`(${sql.join(matches.map(matchOf), sql` or `)})`
}

function termOf({ not, any }: LogTerm): RawBuilder<unknown> {
  const matches = sql`coalesce(${anyOf(any)}, false)`
  return not ? sql`not ${matches}` : matches
}

const everything = sql`lower(concat_ws(' ', level, event, request_id, user_id, method, path, status, model, process, fields))`

function matchOf(match: LogMatch): RawBuilder<unknown> {
  switch (match.kind) {
    case 'word':
      return sql`position(${match.text.toLowerCase()} in ${everything}) > 0`
    case 'text':
      return sql`(${sql.ref(match.column)} ${patternOf(match.pattern)})`
    case 'number':
      return sql`(${boundOf(match.column, 'above', match.from)} and ${boundOf(match.column, 'below', match.to)})`
    case 'user':
      return match.id === null ? sql`user_id is null` : sql`user_id = ${match.id}`
    case 'email':
      return sql`user_id in (select id from users where email = ${match.email} or lower(contact_email) = ${match.email})`
    case 'field':
      return sql`(fields ->> ${match.name}::text ${patternOf(match.pattern)})`
  }
}

function patternOf(pattern: Pattern): RawBuilder<unknown> {
  return 'is' in pattern ? sql`= ${pattern.is}` : sql`like ${pattern.like}`
}

function boundOf(column: string, side: 'above' | 'below', bound: Bound): RawBuilder<unknown> {
  if (bound === null) return sql`true`
  const sign = sql.raw(`${side === 'above' ? '>' : '<'}${bound.isIncluded ? '=' : ''}`)
  // In the type of the column, else no index finds it.
  return sql`${sql.ref(column)} ${sign} ${bound.value}::${sql.raw(column === 'id' ? 'bigint' : 'double precision')}`
}
