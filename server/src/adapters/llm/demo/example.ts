type Schema = Readonly<Record<string, unknown>>

/** What an example still may hold: a schema of a few bytes can ask for more than there is memory. */
type Budget = { left: number }

/** Values, and characters of texts and names, together. */
const mostOfAll = 10_000

/**
 * Something that keeps to a JSON Schema, as small as it may be: what is required and no more. Patterns, references and
 * what two parts of a schema say together are not looked at, and one that asks for very much is given less.
 */
export function exampleOf(schema: unknown): unknown {
  return example(schema, { left: mostOfAll })
}

function example(schema: unknown, budget: Budget): unknown {
  budget.left -= 1
  if (!isSchema(schema) || budget.left < 0) return null
  if (schema.const !== undefined) return given(schema.const, budget)
  for (const choices of [schema.enum, schema.examples])
    if (Array.isArray(choices)) return given(choices[0], budget)
  if (schema.default !== undefined) return given(schema.default, budget)
  for (const choices of [schema.anyOf, schema.oneOf, schema.allOf])
    if (Array.isArray(choices)) return example(choices[0], budget)
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return exampleObject(schema, budget)
    case 'array':
      return exampleArray(schema, budget)
    case 'string':
      return exampleText(schema, budget)
    case 'number':
    case 'integer':
      return typeof schema.minimum === 'number' ? Math.ceil(schema.minimum) : 0
    case 'boolean':
      return false
    default:
      return isSchema(schema.properties) ? exampleObject(schema, budget) : null
  }
}

/** Of the schema itself. */
function given(value: unknown, budget: Budget): unknown {
  budget.left -= JSON.stringify(value)?.length ?? 0
  return budget.left < 0 ? null : value
}

function exampleObject({ properties, required }: Schema, budget: Budget): Record<string, unknown> {
  const names = Array.isArray(required) ? required.filter(name => typeof name === 'string') : []
  const known = isSchema(properties) ? properties : {}
  const fields: [string, unknown][] = []
  for (const name of names) {
    budget.left -= name.length
    if (budget.left < 0) break
    fields.push([name, example(known[name], budget)])
  }
  return Object.fromEntries(fields)
}

function exampleArray({ minItems, items }: Schema, budget: Budget): unknown[] {
  const wanted = count(minItems)
  const values: unknown[] = []
  while (values.length < wanted && budget.left > 0) values.push(example(items, budget))
  return values
}

function exampleText({ minLength, maxLength }: Schema, budget: Budget): string {
  const text = 'demo'
    .padEnd(Math.min(count(minLength), budget.left), '.')
    .slice(0, count(maxLength, Number.MAX_SAFE_INTEGER))
  budget.left -= text.length
  return text
}

function count(value: unknown, otherwise = 0): number {
  return typeof value === 'number' && value >= 0 ? value : otherwise
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
