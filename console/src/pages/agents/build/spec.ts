import type { Choice } from '../../../ui/choice-field.tsx'

/** What there is to choose from by name; each is asked of the server when a field needs it. */
export type Reference = 'agents' | 'buckets' | 'collections' | 'models' | 'templates'

/** How a field of a tool or of a rule is filled in. What is left empty is not sent. */
export type FieldSpec = {
  name: string
  label: string
  hint?: string
  placeholder?: string
} & (
  | { as: 'text' | 'code' | 'area' | 'number' | 'check' | 'json' | 'lines' | 'headers' | 'body' }
  | { as: 'choice'; choices: readonly Choice[]; none?: string }
  | { as: 'several'; choices: readonly Choice[] }
  | { as: 'reference'; of: Reference; none?: string }
)

/** A kind of tool or rule. */
export type KindSpec = {
  type: string
  label: string
  /** One sentence. */
  about: string
  fields: readonly FieldSpec[]
  /** Why not everyone may add one. */
  adminOnly?: string
}

export function kindOf(kinds: readonly KindSpec[], type: string): KindSpec {
  return (
    kinds.find(kind => kind.type === type) ?? {
      type,
      label: type,
      about: 'A kind that this console does not know: see the JSON view.',
      fields: [],
    }
  )
}
