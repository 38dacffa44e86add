import { argumentsIn, httpTool, type ImportedApi } from '@roundhouse/sdk/contract'
import { type Fields, isFields, listOf, textOf } from './fields.ts'
import type { Follow } from './references.ts'
import { plainSchema } from './schema.ts'

export type Operation = {
  readonly id: string
  readonly method: string
  readonly path: string
  /** Of the path and of the operation, which counts more. */
  readonly parameters: readonly unknown[]
  readonly content: Fields
}
type Tool = ImportedApi['operations'][number]['tool']
type Argument = {
  readonly name: string
  readonly place: string
  readonly isRequired: boolean
  readonly schema: unknown
}

/** A model is shown all of it each time. */
const mostCharacters = 8192
/** Tried in order, until the form of the arguments is small enough. */
const levels = [8, 5, 3, 2, 1, 0]
/** The server's own, or ours to say (OpenAPI 3.1, 4.8.12.2). */
const ownHeaders = new Set(['accept', 'content-type', 'authorization'])

/** A tool that does the operation, or why there can be none. */
export function toolOf(operation: Operation, name: string, baseUrl: string, follow: Follow): Tool | string {
  const found = argumentsOf(operation, follow)
  const cookie = found.find(({ place, isRequired }) => place === 'cookie' && isRequired)
  if (cookie) return `It needs the cookie ${cookie.name}.`
  const args = found.filter(({ place }) => place !== 'cookie')
  const body = bodyOf(operation.content.requestBody, follow)
  if (typeof body === 'string') return body
  const names = new Set(args.map(argument => argument.name))
  if (names.size < args.length) return 'Two of its parameters have one name.'
  let reason = ''
  for (const level of levels) {
    const made = httpTool.safeParse({
      type: 'http',
      name,
      description: descriptionOf(operation),
      method: operation.method,
      url: `${baseUrl}${operation.path.replace(/#.*$/s, '')}`,
      ...formOf(args, body, follow, level),
    })
    const [issue] = made.error?.issues ?? []
    reason = issue ? `${issue.path.join('.')}: ${issue.message}` : ''
    if (made.success && (level === 0 || JSON.stringify(made.data.parameters).length <= mostCharacters))
      return made.data
  }
  return reason
}

/** What stands in the path without being declared is a text. */
function argumentsOf({ path, parameters }: Operation, follow: Follow): Argument[] {
  const byPlace = new Map<string, Argument>()
  for (const parameter of parameters) {
    const { name, in: place, required, schema, content, description } = follow(parameter)
    if (typeof name !== 'string' || typeof place !== 'string') continue
    if (place === 'header' && ownHeaders.has(name.toLowerCase())) continue
    const inner = schema ?? (isFields(content) ? follow(Object.values(content)[0]).schema : undefined)
    const described = textOf(description) === '' ? inner : { ...follow(inner), description }
    byPlace.set(`${place} ${name}`, {
      name,
      place,
      isRequired: required === true || place === 'path',
      schema: described,
    })
  }
  const inPath = argumentsIn(path)
  for (const name of inPath)
    if (!byPlace.has(`path ${name}`))
      byPlace.set(`path ${name}`, { name, place: 'path', isRequired: true, schema: { type: 'string' } })
  return [...byPlace.values()].filter(({ name, place }) => place !== 'path' || inPath.includes(name))
}

/** Null for none; a sentence for one that cannot be sent. */
function bodyOf(given: unknown, follow: Follow): { schema: unknown; isRequired: boolean } | string | null {
  const { content, required } = follow(given)
  if (!isFields(content)) return null
  const json = Object.entries(content).find(([type]) =>
    /^(?:application\/(?:[\w.+-]+\+)?json|\*\/\*|application\/\*)\b/i.test(type),
  )
  if (json) return { schema: follow(json[1]).schema ?? {}, isRequired: required === true }
  return required === true
    ? `Its body is ${Object.keys(content).join(', ') || 'of no type'}, not JSON.`
    : null
}

/** Which arguments there are, and where each goes. */
function formOf(
  args: readonly Argument[],
  body: { schema: unknown; isRequired: boolean } | null,
  follow: Follow,
  level: number,
): Record<string, unknown> {
  const properties = new Map(args.map(({ name, schema }) => [name, plainSchema(schema, follow, level)]))
  const required = args.filter(({ isRequired }) => isRequired).map(({ name }) => name)
  const named = (place: string) => args.filter(one => one.place === place).map(({ name }) => name)
  const form: Record<string, unknown> = {}
  if (named('query').length > 0) form.query = named('query')
  if (named('header').length > 0) form.header = named('header')
  if (body) {
    const whole = flat(plainSchema(body.schema, follow, level))
    const fields = isFields(whole.properties) ? Object.entries(whole.properties) : []
    const isSpread =
      fields.length > 0 &&
      fields.length <= 100 &&
      whole.oneOf === undefined &&
      whole.anyOf === undefined &&
      fields.every(([name]) => !properties.has(name))
    form.body = isSpread ? fields.map(([name]) => name) : 'all'
    for (const [name, schema] of isSpread ? fields : [['body', whole] as const])
      properties.set(name, isFields(schema) ? schema : {})
    if (body.isRequired) required.push(...(isSpread ? listOf(whole.required).map(String) : ['body']))
  }
  form.parameters = {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required: [...new Set(required)] }),
    additionalProperties: false,
  }
  return form
}

/** With the fields of all that it has to be as its own. */
function flat(schema: Record<string, unknown>): Record<string, unknown> {
  const parts = listOf(schema.allOf).filter(isFields).map(flat)
  if (parts.length === 0 || !parts.every(part => isFields(part.properties))) return schema
  const { allOf: _, ...own } = schema
  const all = [...parts, own]
  return {
    ...own,
    type: 'object',
    properties: Object.assign({}, ...all.map(part => part.properties)),
    required: all.flatMap(part => listOf(part.required)),
  }
}

function descriptionOf({ id, content }: Operation): string {
  const [summary, description] = [textOf(content.summary, 300), textOf(content.description, 1000)]
  return [summary, description === summary ? '' : description].filter(text => text !== '').join('\n') || id
}
