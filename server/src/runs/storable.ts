/** What Postgres can hold: no U+0000, no half of a surrogate pair. Models write both. */
export function storableText(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '').toWellFormed() : text.toWellFormed()
}

/** The same for every text in a JSON value. */
export function storableJson(value: unknown): unknown {
  const text = JSON.stringify(value)
  // Only what JSON escapes can be one of them.
  if (!text.includes('\\u')) return value
  return JSON.parse(text, (_name, part: unknown) => (typeof part === 'string' ? storableText(part) : part))
}
