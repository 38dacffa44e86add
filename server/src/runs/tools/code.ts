import type { ToolContext as CodeContext, ToolDeclaration } from '@roundhouse/sdk/config'
import { type AgentToolOf, Problem } from '@roundhouse/sdk/contract'
import type { OpenedTool, ToolContext } from '../tool.ts'
import { parametersSchema, readDeclared } from './declared-parameters.ts'

const usualTimeoutMs = 30_000

/** What the function of a tool is lent, for one call. */
export type LendToCode = (tool: string, call: ToolContext) => CodeContext

/** A function of `roundhouse.config.ts`. @throws Problem `resource-not-found`. */
export function codeTool(
  { tools, lend }: { tools: readonly ToolDeclaration[]; lend: LendToCode },
  { tool, name, description }: AgentToolOf<'code'>,
): OpenedTool {
  const declared = tools.find(each => each.name === tool)
  if (!declared)
    throw new Problem('resource-not-found', `There is no tool ${tool} in roundhouse.config.ts any more.`)
  const {
    parameters,
    timeoutSeconds,
    price = 0,
    repeatable = false,
    heavy = false,
    approval = false,
  } = declared
  return {
    name: name ?? declared.name,
    description: description ?? declared.description,
    parameters: parametersSchema(parameters),
    isHeavy: heavy,
    needsApproval: approval,
    isRepeatable: repeatable,
    price,
    timeoutMs: timeoutSeconds === undefined ? usualTimeoutMs : timeoutSeconds * 1000,
    async call(args, context) {
      const result = await declared.run(await readDeclared(parameters, args), lend(declared.name, context))
      return typeof result === 'string' ? result : JSON.stringify(result ?? null)
    },
  }
}
