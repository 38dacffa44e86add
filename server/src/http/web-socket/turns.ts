/** One after the other, in the order they came. */
export type Turns<Item> = {
  /** False when so many wait that this one is not taken. */
  add(item: Item): boolean
  /** What waits is not done any more. */
  stop(): void
}

/** @param work Never rejects. */
export function createTurns<Item>(work: (item: Item) => Promise<void>, mostWaiting: number): Turns<Item> {
  const waiting: Item[] = []
  let isWorking = false

  async function workThrough(): Promise<void> {
    isWorking = true
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next)
    isWorking = false
  }

  return {
    add(item) {
      if (waiting.length >= mostWaiting) return false
      waiting.push(item)
      if (!isWorking) void workThrough()
      return true
    },
    stop() {
      waiting.length = 0
    },
  }
}
