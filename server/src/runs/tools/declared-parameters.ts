import type { ToolParameters } from '@roundhouse/sdk/config'
import { Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'

type Schema = Readonly<Record<string, unknown>>

const nothing: Schema = { type: 'object', properties: {}, additionalProperties: false }

/** JSON Schema of what a declaration says that the model gives. @throws Error for what has none, such as a date of zod. */
export function parametersSchema(parameters: ToolParameters | undefined): Schema {
  if (parameters === undefined) return nothing
  if (!isZod(parameters)) return parameters
  const { $schema: _, ...schema } = z.toJSONSchema(parameters, { io: 'input' })
  if (schema.type === 'object') return schema
  throw new Error('The parameters are those of an object: z.object({ ... }).')
}

/** Names of the arguments. */
export function parameterNames(schema: Schema): readonly string[] {
  const { properties } = schema
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
}

/** What zod makes of arguments that keep to the JSON Schema: defaults, finer rules. @throws Problem `invalid-request`. */
export async function readDeclared(parameters: ToolParameters | undefined, args: unknown): Promise<Schema> {
  const given = asObject(args)
  if (parameters === undefined || !isZod(parameters)) return given
  const { data, error } = await parameters.safeParseAsync(given)
  if (!error) return asObject(data)
  const [issue] = error.issues
  const at = issue?.path.map(String).join('.') || 'arguments'
  throw new Problem('invalid-request', `${at}: ${issue?.message ?? 'not of the documented form.'}`)
}

function isZod(parameters: ToolParameters): parameters is z.ZodType {
  return '_zod' in parameters
}

function asObject(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
