import { z } from 'zod'

type JsonSchema = Readonly<Record<string, unknown>>

/** What a model fills in: a zod object (zod 4), or the JSON Schema of an object. Nothing when absent. */
export type ToolParameters = z.ZodType | JsonSchema

export const toolParameters = z.custom<ToolParameters>(isObjectOfSomeKind, {
  error: 'A zod object (zod 4), or a JSON Schema with type: "object".',
})

/** As the model sees it in the list of its tools. */
export const toolName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
  error: 'A name of 1 to 64 letters, digits, _ and -.',
})

/** Tells the model what it is for. */
export const toolDescription = z.string().trim().min(1).max(2000)

function isObjectOfSomeKind(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return '_zod' in value || ('type' in value && value.type === 'object')
}
