import { z } from 'zod'

type Schema = Readonly<Record<string, unknown>>

/** What the house sets, or models make up. */
const notForModels = ['logo', 'accent', 'reference']
/** Of no use to who fills the form in; the template checks all of it once more and says what is wrong. */
const leftOut = ['$schema', 'pattern', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']

/** JSON Schema of a template's data, as small as a model needs it. */
export function reportSchema(template: z.ZodType): Schema {
  const { properties, ...schema } = z.toJSONSchema(template, { io: 'input' })
  const kept = Object.entries(properties ?? {}).filter(([name]) => !notForModels.includes(name))
  return {
    ...asObject(smaller(schema)),
    properties: Object.fromEntries(kept.map(([name, each]) => [name, smaller(each)])),
  }
}

function smaller(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(smaller)
  if (typeof value !== 'object' || value === null) return value
  const entries: [string, unknown][] = Object.entries(value)
  return Object.fromEntries(
    entries
      // A field of the data may have the name of a rule.
      .filter(([name, each]) => !leftOut.includes(name) || typeof each === 'object')
      .map(([name, each]) => [name, smaller(each)]),
  )
}

function asObject(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
