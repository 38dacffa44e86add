export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Nothing for what is no list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A text that can be stored, up to so many characters; nothing for what is none. */
export function textOf(value: unknown, most = 1000): string {
  if (typeof value !== 'string') return ''
  return value.replaceAll('\0', '').slice(0, most).toWellFormed().trim()
}
