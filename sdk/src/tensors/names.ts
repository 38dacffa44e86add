/** Whose tensor an error speaks of. */
export type Role = 'Input' | 'Output'

/** A name that came from outside, for a message: quoted, at most 80 characters. */
export function quoteName(name: string): string {
  return name.length <= 80 ? `'${name}'` : `'${name.slice(0, 80).toWellFormed()}...'`
}

/** A value that came from outside, for a message: JSON of at most 40 characters, or what it is. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length <= 40 ? value : `${value.slice(0, 40)}...`)
  if (typeof value === 'bigint') return cut(String(value))
  if (Array.isArray(value)) return 'an array'
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  return value === undefined ? 'nothing' : 'an object'
}

function cut(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}...`
}

/** A JSON object, as `JSON.parse` makes them. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
