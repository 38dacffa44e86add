/** One value that outlives the page, as far as the browser lets it. */
export type Store<Value> = { read(): Value | null; write(value: Value): void; clear(): void }

/** Pages in a sandbox, and people who forbid it, have no storage: then the value lives as long as the page. */
export function createStore<Value>(kind: 'localStorage' | 'sessionStorage', name: string): Store<Value> {
  let kept: Value | null = null

  function attempt<Result>(work: (storage: Storage) => Result): Result | undefined {
    try {
      return work(window[kind])
    } catch {
      return undefined
    }
  }

  return {
    read() {
      const text = attempt(storage => storage.getItem(name))
      if (text === undefined || text === null) return kept
      try {
        return JSON.parse(text) as Value
      } catch {
        return null
      }
    },
    write(value) {
      kept = value
      attempt(storage => storage.setItem(name, JSON.stringify(value)))
    },
    clear() {
      kept = null
      attempt(storage => storage.removeItem(name))
    },
  }
}
