/** Does for many at once what is asked for one by one. */
export type Groups<Item, Result> = {
  /** Rejects when the group that it went with did. */
  add(item: Item): Promise<Result>
}

/**
 * One group at a time: what comes while one is under way goes with the next, so that groups grow with the load and
 * nobody waits for a timer.
 * @param run Gives a result for each item, in their order.
 */
export function createGroups<Item, Result>(
  run: (items: Item[]) => Promise<readonly Result[]>,
  most = 500,
): Groups<Item, Result> {
  type Waiting = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }
  let waiting: Waiting[] = []
  let running = false

  async function runAll(): Promise<void> {
    running = true
    // Whoever is asked in the same turn goes along.
    await new Promise(setImmediate)
    while (waiting.length > 0) {
      const group = waiting.slice(0, most)
      waiting = waiting.slice(most)
      try {
        const results = await run(group.map(({ item }) => item))
        for (const [index, { resolve, reject }] of group.entries()) {
          if (index < results.length) resolve(results[index] as Result)
          else reject(new Error('The group gave too few results.'))
        }
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    running = false
  }

  return {
    add(item) {
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject })
        if (!running) void runAll()
      })
    },
  }
}
