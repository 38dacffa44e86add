import { z } from 'zod'

/** Whether PostgreSQL's jsonb takes what was read from JSON: no text or name in it holds U+0000 or half of a surrogate pair. */
export function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, field]) => isStorable(name) && isStorable(field))
}

export const notStorable = 'Holds U+0000 or half of a surrogate pair, which cannot be stored.'

/** A text that the database can hold, in a column of text and within JSON. */
export const storableText = z.string().refine(isStorable, { error: notStorable })

/** Of PostgreSQL's integer: versions and numbers of events go no further. */
export const largestInteger = 2_147_483_647
