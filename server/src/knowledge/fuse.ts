import type { Hit } from './collection.ts'

/** Below it the first ranks would decide alone. Source: Cormack, Clarke, Büttcher 2009, "Reciprocal Rank Fusion". */
const smoothing = 60

/** One list of several, each in the order of its own scores: a hit counts by its ranks. Gives the best `limit`. */
export function fuse(lists: readonly (readonly Hit[])[], limit: number): Hit[] {
  const fused = new Map<string, Hit>()
  for (const list of lists)
    for (const [rank, hit] of list.entries()) {
      const key = `${hit.document_id}:${hit.ordinal}`
      const score = (fused.get(key)?.score ?? 0) + 1 / (smoothing + rank + 1)
      fused.set(key, { ...hit, score })
    }
  return [...fused.values()].sort((a, b) => b.score - a.score).slice(0, limit)
}
