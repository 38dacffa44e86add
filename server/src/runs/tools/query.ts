import type { QueryDeclaration } from '@roundhouse/sdk/config'
import { type AgentToolOf, Problem } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import type { AppSql } from '../../ports/app-sql.ts'
import type { OpenedTool } from '../tool.ts'
import { parameterNames, parametersSchema, readDeclared } from './declared-parameters.ts'
import { type BoundStatement, bindNames } from './named-parameters.ts'

const usualRows = 100
const mostTimeoutMs = 4000
/** Of the rows: the loop tells the model 32 kB in all. */
const mostBytes = 30 * 1024
/** For a connection, which other queries may have. */
const waitMs = 3000

/** What no model can say: the run's caller. */
const callerParameter = 'caller_id'

/**
 * A query of `roundhouse.config.ts`. The database itself refuses whatever would write.
 * @throws Problem `resource-not-found`.
 */
export function queryTool(
  { queries, appSql }: { queries: readonly QueryDeclaration[]; appSql: Pick<AppSql, 'read'> },
  caller: Caller,
  { query, name, description }: AgentToolOf<'query'>,
): OpenedTool {
  const declared = queries.find(each => each.name === query)
  if (!declared)
    throw new Problem('resource-not-found', `There is no query ${query} in roundhouse.config.ts any more.`)
  const { parameters, maxRows = usualRows, timeoutSeconds } = declared
  const timeoutMs = timeoutSeconds === undefined ? mostTimeoutMs : timeoutSeconds * 1000
  const { text, names } = statementOf(declared)
  return {
    name: name ?? declared.name,
    description: description ?? declared.description,
    parameters: parametersSchema(parameters),
    isRepeatable: true,
    timeoutMs: timeoutMs + waitMs,
    async call(args) {
      const given: Readonly<Record<string, unknown>> = {
        ...(await readDeclared(parameters, args)),
        [callerParameter]: caller.userId,
      }
      const values = names.map(each => given[each] ?? null)
      const { rows, isCut } = await appSql.read({ text, values, timeoutMs, maxRows, maxBytes: mostBytes })
      if (rows.length === 0) return 'No rows.'
      return `[${rows.join(',\n')}]${isCut ? `\n[Cut: the first ${rows.length} rows; there are more.]` : ''}`
    },
  }
}

/** @throws Error, one sentence, for a statement with a name that is no parameter. */
export function statementOf({
  sql,
  parameters,
}: Pick<QueryDeclaration, 'sql' | 'parameters'>): BoundStatement {
  const names = parameterNames(parametersSchema(parameters))
  if (names.includes(callerParameter))
    throw new Error(`:${callerParameter} is the caller's id and no parameter of the model.`)
  return bindNames(sql, [...names, callerParameter])
}
