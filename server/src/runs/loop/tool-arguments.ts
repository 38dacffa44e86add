import { isProblem } from '@roundhouse/sdk/contract'
import { isDeeper } from '../../kit/json-depth.ts'
import type { Tool } from '../tool.ts'
import { type Check, createCheck } from './schema.ts'

/** The arguments, or what is wrong with them, said for the model. */
export type ReadArguments = (
  tool: Tool,
  text: string,
) => Promise<{ readonly args: unknown } | { readonly fault: string }>

const mostLevels = 64

/** Reads what models write as arguments. Schemas are compiled once per tool. */
export function createReadArguments(): ReadArguments {
  const checks = new WeakMap<Tool, Promise<Check>>()

  function checkOf(tool: Tool): Promise<Check> {
    const check = checks.get(tool) ?? createCheck(tool.parameters, 'arguments')
    checks.set(tool, check)
    return check
  }

  return async (tool, text) => {
    if (isDeeper(text, mostLevels))
      return { fault: `The arguments are nested deeper than ${mostLevels} levels.` }
    let args: unknown
    try {
      args = JSON.parse(text)
    } catch {
      return { fault: 'The arguments are not valid JSON. The tool was not called.' }
    }
    const check = await checkOf(tool).catch((error: unknown) => {
      if (isProblem(error)) return null
      throw error
    })
    // Of a tool that brings its schema from elsewhere.
    if (!check) return { fault: 'The schema of the tool cannot be read. The tool was not called.' }
    const errors = check(args)
    return errors === null
      ? { args }
      : { fault: `The arguments do not keep to the schema of the tool: ${errors}. The tool was not called.` }
  }
}
