import { z } from 'zod'
import { isStorable, notStorable } from './storable.ts'

/** A schema becomes code, in work that grows with its square: 1000 values take up to 0.5 s of a processor (2026-11-22). */
const most = { characters: 65_536, values: 1000, levels: 32 }

/** JSON Schema that an answer must keep to, as it is sent. */
export const outputSchema = z
  .record(z.string(), z.unknown())
  .refine(isSmall, {
    error: `A schema has at most ${most.characters} characters of JSON and ${most.values} values, ${most.levels} levels deep.`,
    abort: true,
  })
  .refine(isStorable, { error: notStorable })

function isSmall(schema: unknown): boolean {
  let values = 0
  /** Ends at the first that is too much. */
  function fits(value: unknown, level: number): boolean {
    values += 1
    if (values > most.values || level > most.levels) return false
    if (typeof value !== 'object' || value === null) return true
    return Object.values(value).every(part => fits(part, level + 1))
  }
  return fits(schema, 1) && JSON.stringify(schema).length <= most.characters
}
