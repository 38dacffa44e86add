import { useState } from 'react'

export type Selection = {
  keys: ReadonlySet<string>
  has(key: string): boolean
  toggle(key: string): void
  set(keys: Iterable<string>): void
  clear(): void
}

/** Which rows of a list are chosen, by their keys. */
export function useSelection(): Selection {
  const [keys, setKeys] = useState<ReadonlySet<string>>(new Set())
  return {
    keys,
    has: key => keys.has(key),
    toggle: key =>
      setKeys(before => {
        const next = new Set(before)
        if (!next.delete(key)) next.add(key)
        return next
      }),
    set: chosen => setKeys(new Set(chosen)),
    clear: () => setKeys(new Set()),
  }
}
