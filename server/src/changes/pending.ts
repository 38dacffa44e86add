import type { ChangeKind } from '@roundhouse/sdk/contract'

/** Past that a reader refreshes the list anyway. */
const mostOfAKind = 5

type Waiting = { kind: ChangeKind; id: string | null }

/** What a reader was not told yet: of each kind a few, or that there are several. */
export type Pending = {
  add(kind: ChangeKind, id: string | null): void
  isEmpty(): boolean
  take(): Waiting[]
}

export function createPending(): Pending {
  const byKind = new Map<ChangeKind, Set<string> | 'several'>()

  return {
    add(kind, id) {
      const ids = byKind.get(kind) ?? new Set()
      if (ids === 'several') return
      if (id === null || (ids.size === mostOfAKind && !ids.has(id))) byKind.set(kind, 'several')
      else byKind.set(kind, ids.add(id))
    },
    isEmpty: () => byKind.size === 0,
    take() {
      const taken = [...byKind].flatMap(([kind, ids]): Waiting[] =>
        ids === 'several' ? [{ kind, id: null }] : [...ids].map(id => ({ kind, id })),
      )
      byKind.clear()
      return taken
    },
  }
}
