import { queryDeclaration, toolDeclaration } from '@roundhouse/sdk/config'
import { agentTool } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import { unknownDeclared } from '../agents/declared-tools.ts'
import { parametersSchema } from '../runs/tools/declared-parameters.ts'
import { statementOf } from '../runs/tools/query.ts'

const listOf = <Shape extends z.ZodType>(shape: Shape) => z.array(shape.nullable().catch(null)).catch([])

const outline = z.object({
  queries: listOf(queryDeclaration),
  tools: listOf(toolDeclaration),
  agents: listOf(z.looseObject({ tools: listOf(agentTool) })),
})

/**
 * What the form alone does not tell of queries and tools, and of the agents that are to have them, each as
 * `queries[1].sql: …`. What is wrong in its form has been said.
 * @param value The configuration as it was exported, right or wrong.
 */
export function toolProblems(value: object): string[] {
  const { queries, tools, agents } = outline.parse(value)
  const names = {
    queries: queries.flatMap(query => query?.name ?? []),
    tools: tools.flatMap(tool => tool?.name ?? []),
  }
  return [
    ...twins('queries', queries),
    ...twins('tools', tools),
    ...queries.flatMap((query, index) =>
      query ? faultOf(`queries[${index}].sql`, () => statementOf(query)) : [],
    ),
    ...tools.flatMap((tool, index) =>
      tool ? faultOf(`tools[${index}].parameters`, () => parametersSchema(tool.parameters)) : [],
    ),
    ...agents.flatMap((agent, agentIndex) =>
      (agent?.tools ?? []).flatMap((tool, index) => {
        const why = tool ? unknownDeclared(names, tool) : undefined
        return why === undefined ? [] : [`agents[${agentIndex}].tools[${index}].${why}`]
      }),
    ),
  ]
}

function twins(list: string, declared: readonly ({ name: string } | null)[]): string[] {
  const names = declared.map(one => one?.name)
  return names.flatMap((name, index) => {
    const first = names.indexOf(name)
    if (name === undefined || first === index) return []
    return [`${list}[${index}].name: ${name} is declared twice; the first is ${list}[${first}].`]
  })
}

function faultOf(at: string, work: () => unknown): string[] {
  try {
    work()
    return []
  } catch (error) {
    return [`${at}: ${error instanceof Error ? error.message : String(error)}`]
  }
}
