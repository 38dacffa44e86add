import { type AgentToolOf, argumentsIn, Problem } from '@roundhouse/sdk/contract'

type HttpSpec = AgentToolOf<'http'>
type Arguments = Readonly<Record<string, unknown>>

/** The form of its arguments: the one it was given, or one text for each that is named somewhere. */
export function parametersOf({ url, query = [], header = [], body = [], parameters }: HttpSpec): Arguments {
  if (parameters) return parameters
  const inUrl = argumentsIn(url)
  const texts = [...inUrl, ...query, ...header, ...(body === 'all' ? [] : body)].map(name => [
    name,
    { type: 'string' },
  ])
  return {
    type: 'object',
    properties: Object.fromEntries(body === 'all' ? [...texts, ['body', {}]] : texts),
    required: [...new Set(inUrl)],
    additionalProperties: false,
  }
}

/**
 * The request that the arguments make. An argument stays where it was put: it cannot end a segment of the path, a field
 * of the query or the host, whatever is in it.
 * @throws Problem `invalid-request`, told to the model.
 */
export function requestOf(spec: HttpSpec, args: Arguments): HttpRequest {
  const { url: template, query = [], body = [] } = spec
  const place = template.replace(/#.*$/s, '')
  const start = place.indexOf('?')
  const path = fillPath(start < 0 ? place : place.slice(0, start), args)
  const given =
    start < 0
      ? ''
      : place
          .slice(start + 1)
          .replaceAll(/\{([^{}]+)\}/g, (_, name: string) => encoded(textOf(name, own(args, name))))
  const url = new URL(path)
  url.search = [given, ...query.flatMap(name => fields(name, own(args, name)))].filter(Boolean).join('&')
  const headers = headersOf(spec, args)
  if (body === 'all') return { url, headers, body: jsonOf(own(args, 'body')) }
  if (body.length === 0) return { url, headers, body: null }
  const fieldsOfBody = Object.fromEntries(body.map(name => [name, own(args, name)]))
  return { url, headers, body: JSON.stringify(fieldsOfBody) }
}

export type HttpRequest = {
  readonly url: URL
  /** By names in small letters. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

function headersOf({ header = [] }: HttpSpec, args: Arguments): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of header) {
    const value = own(args, name)
    if (value === undefined || value === null) continue
    const text = textOf(name, value)
    if (!/^[\x20-\x7e]*$/.test(text)) throw refused(`${name} is a header, which is of one line of ASCII.`)
    headers[name.toLowerCase()] = text
  }
  return headers
}

function fillPath(path: string, args: Arguments): string {
  return path
    .split('/')
    .map(segment => {
      const names = argumentsIn(segment)
      if (names.length === 0) return segment
      const filled = segment.replaceAll(/\{([^{}]+)\}/g, (_, name: string) => {
        const text = textOf(name, own(args, name))
        // Servers and what stands before them take an encoded slash for a real one.
        if (text === '' || /[/\\]/.test(text) || hasControl(text))
          throw refused(`${name} stands in the path, where it may not be empty nor hold / or \\.`)
        return encoded(text)
      })
      // These are steps in the path and no names, written with an escape too.
      if (/^(?:\.|%2e){1,2}$/i.test(filled))
        throw refused(`${names.join(', ')} may not be . or .. in the path.`)
      return filled
    })
    .join('/')
}

/** Of a list one field for each of its items. */
function fields(name: string, value: unknown): string[] {
  if (value === undefined || value === null) return []
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.map(
    one => `${encoded(name)}=${encoded(typeof one === 'object' ? JSON.stringify(one) : String(one))}`,
  )
}

function textOf(name: string, value: unknown): string {
  const parts: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (parts.some(part => !['string', 'number', 'boolean'].includes(typeof part)))
    throw refused(`${name} has to be a text, a number, true or false.`)
  return parts.join(',')
}

/** As of `encodeURIComponent`, and what that leaves though it means something to some. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function jsonOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text)
}

/** Not what every object has, `constructor` for instance. */
function own(args: Arguments, name: string): unknown {
  return Object.hasOwn(args, name) ? args[name] : undefined
}

function refused(sentence: string): Problem {
  return new Problem('invalid-request', sentence)
}
