/** Whether PostgreSQL's jsonb takes what was read from JSON: no text or name in it holds U+0000 or half of a surrogate pair. */
export function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, field]) => isStorable(name) && isStorable(field))
}
