import { type Fields, isFields, listOf, textOf } from './fields.ts'
import type { Follow } from './references.ts'

/** A schema that refers to others twice at each level would be without end before it is deep. */
const mostSchemas = 500
const mostProperties = 100
const mostChoices = 100
const types = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'])

/**
 * A schema of an API as JSON Schema on its own: references in place, what goes deeper than `levels` or in a circle left
 * open, and nothing in it but what says how a request may look. Of 3.0 it makes what 2020-12 says.
 */
export function plainSchema(schema: unknown, follow: Follow, levels: number): Record<string, unknown> {
  let schemas = 0

  function plain(value: unknown, level: number, inside: readonly Fields[]): Record<string, unknown> {
    const source = follow(value)
    schemas += 1
    if (level > levels || inside.includes(source) || schemas > mostSchemas) return typeOf(source)
    const inner = (part: unknown) => plain(part, level + 1, [...inside, source])
    return { ...typeOf(source), ...wordsOf(source), ...limitsOf(source), ...partsOf(source, follow, inner) }
  }

  return plain(schema, 0, [])
}

function typeOf({ type, nullable, enum: choices }: Fields): Record<string, unknown> {
  const named = (Array.isArray(type) ? type : [type]).filter(one => types.has(one))
  const all = nullable === true && named.length > 0 && !named.includes('null') ? [...named, 'null'] : named
  const values = listOf(choices).filter(isScalar)
  const isWhole = Array.isArray(choices) && values.length === choices.length && values.length > 0
  return {
    ...(all.length === 0 ? {} : { type: all.length === 1 ? all[0] : all }),
    ...(isWhole && values.length <= mostChoices
      ? { enum: nullable === true && !values.includes(null) ? [...values, null] : values }
      : {}),
  }
}

function wordsOf({ description, format, default: standard, const: only }: Fields): Record<string, unknown> {
  const words = textOf(description, 300)
  return {
    ...(words === '' ? {} : { description: words }),
    ...(typeof format === 'string' ? { format: textOf(format, 50) } : {}),
    ...(isScalar(standard) ? { default: standard } : {}),
    ...(isScalar(only) ? { const: only } : {}),
  }
}

function limitsOf(source: Fields): Record<string, unknown> {
  const limits: Record<string, unknown> = {}
  for (const name of ['minimum', 'maximum']) {
    const exclusive = name === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum'
    if (isNumber(source[exclusive])) limits[exclusive] = source[exclusive]
    if (isNumber(source[name])) limits[source[exclusive] === true ? exclusive : name] = source[name]
  }
  for (const name of ['minLength', 'maxLength', 'minItems', 'maxItems']) {
    const value = source[name]
    if (isNumber(value) && Number.isSafeInteger(value) && value >= 0) limits[name] = value
  }
  if (isPattern(source.pattern)) limits.pattern = source.pattern
  return limits
}

function partsOf(
  source: Fields,
  follow: Follow,
  inner: (part: unknown) => Record<string, unknown>,
): Record<string, unknown> {
  const parts: Record<string, unknown> = {}
  if (isFields(source.properties)) {
    const properties = Object.entries(source.properties)
      .filter(([, property]) => follow(property).readOnly !== true)
      .slice(0, mostProperties)
      .map(([name, property]) => [name, inner(property)] as const)
    parts.properties = Object.fromEntries(properties)
    const names = new Set(properties.map(([name]) => name))
    const required = [...new Set(listOf(source.required))].filter(
      name => typeof name === 'string' && names.has(name),
    )
    if (required.length > 0) parts.required = required
  }
  const { additionalProperties: others, items } = source
  if (others === false) parts.additionalProperties = false
  else if (isFields(others)) parts.additionalProperties = inner(others)
  if (isFields(items)) parts.items = inner(items)
  for (const name of ['oneOf', 'anyOf', 'allOf']) {
    const choices = listOf(source[name])
    if (choices.length > 0 && choices.length <= mostChoices) parts[name] = choices.map(inner)
  }
  return parts
}

function isPattern(pattern: unknown): pattern is string {
  if (typeof pattern !== 'string' || pattern.length > 500) return false
  try {
    new RegExp(pattern, 'u')
    return true
  } catch {
    return false
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isScalar(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= 200 && !value.includes('\0') && value.isWellFormed()
  return value === null || typeof value === 'boolean' || isNumber(value)
}
