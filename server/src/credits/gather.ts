import { isProblem } from '@roundhouse/sdk/contract'
import { createTurnstile } from '../kit/turnstile.ts'

/**
 * Does many small things of one key in few large ones: what comes while a group of the key is under way is the next
 * group. Nothing waits to become more.
 */
export function createGatherer<Item, Result>(options: {
  /** Results in the order of the items. When it rejects otherwise than with a Problem, each item is tried alone. */
  run: (items: readonly Item[]) => Promise<readonly Result[]>
  /** Items of a group at most. */
  most: number
  /** Groups of different keys at a time. */
  width: number
}): (key: string, item: Item) => Promise<Result> {
  type Waiting = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }
  const { run, most, width } = options
  const turnstile = createTurnstile(width)
  const queues = new Map<string, Waiting[]>()

  async function drain(key: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) await turnstile(() => runGroup(queue.splice(0, most)))
    queues.delete(key)
  }

  async function runGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const results = await run(group.map(({ item }) => item))
      for (const [index, result] of results.entries()) group[index]?.resolve(result)
    } catch (error) {
      if (group.length === 1 || isProblem(error)) for (const { reject } of group) reject(error)
      // One of them is to blame: the others are not to fail for it.
      else for (const waiting of group) await runGroup([waiting])
    }
  }

  return (key, item) =>
    new Promise((resolve, reject) => {
      const known = queues.get(key)
      const queue = known ?? []
      queue.push({ item, resolve, reject })
      if (known) return
      queues.set(key, queue)
      void drain(key, queue)
    })
}
