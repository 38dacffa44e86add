import { type AgentConfig, Problem } from '@roundhouse/sdk/contract'
import { type Caller, mayEverything } from '../accounts/caller.ts'

/** Names of the queries and functions that the house declares for agents. */
export type DeclaredNames = { readonly queries: readonly string[]; readonly tools: readonly string[] }

type Tools = AgentConfig['tools']

/**
 * What the house declares its own agents may use: administrators choose which. Who may change an agent keeps what it has.
 * @param approved What it had before. @throws Problem `invalid-request` for a name that is not declared, `forbidden`.
 */
export function refuseDeclared(caller: Caller, names: DeclaredNames, chosen: Tools, approved: Tools): void {
  const before = approved.map(referenceOf)
  for (const [index, tool] of chosen.entries()) {
    const reference = referenceOf(tool)
    if (reference === undefined) continue
    const why = unknownDeclared(names, tool)
    if (why !== undefined) throw new Problem('invalid-request', `tools[${index}].${why}`)
    if (mayEverything(caller) || before.includes(reference)) continue
    throw new Problem(
      'forbidden',
      `tools[${index}]: only administrators may give an agent a ${tool.type === 'query' ? 'query' : 'function'} of roundhouse.config.ts.`,
    )
  }
}

/** Such as `query: there is no query prices ...`; undefined when it is declared, or of another kind. */
export function unknownDeclared({ queries, tools }: DeclaredNames, tool: Tools[number]): string | undefined {
  if (tool.type === 'query' && !queries.includes(tool.query))
    return `query: ${noneOf('query', tool.query, queries)}`
  if (tool.type === 'code' && !tools.includes(tool.tool)) return `tool: ${noneOf('tool', tool.tool, tools)}`
  return undefined
}

function noneOf(kind: string, name: string, names: readonly string[]): string {
  const there = names.length === 0 ? 'which declares none' : `which has ${[...new Set(names)].join(', ')}`
  return `there is no ${kind} ${name} in roundhouse.config.ts, ${there}.`
}

function referenceOf(tool: Tools[number]): string | undefined {
  if (tool.type === 'query') return `query ${tool.query}`
  return tool.type === 'code' ? `code ${tool.tool}` : undefined
}
