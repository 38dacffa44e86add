import type { TensorSpecBody } from '@roundhouse/sdk'

/** `FP32 [any, 64]`; a dimension that a call chooses is `any`. */
export function specInWords({ dtype, shape }: Pick<TensorSpecBody, 'dtype' | 'shape'>): string {
  return `${dtype} [${shape.map(size => size ?? 'any').join(', ')}]`
}

export type SpecChange = { name: string; before: string | null; after: string | null }

/** Inputs or outputs that are not the same in both; null where there is none of the name. */
export function changedSpecs(
  before: readonly TensorSpecBody[] | null,
  after: readonly TensorSpecBody[] | null,
): SpecChange[] {
  const texts = (specs: readonly TensorSpecBody[] | null) =>
    new Map((specs ?? []).map(spec => [spec.name, specInWords(spec)]))
  const [old, now] = [texts(before), texts(after)]
  return [...new Set([...old.keys(), ...now.keys()])]
    .map(name => ({ name, before: old.get(name) ?? null, after: now.get(name) ?? null }))
    .filter(change => change.before !== change.after)
}
