/** What waits: `size` 'large' holds the data of a request, 'small' holds nothing. */
export type Waiter = { readonly caller: string; readonly size: 'large' | 'small' }

export type Turns<Item extends Waiter> = {
  /** Puts it at the end of what its caller has. Gives what has no place then: nothing, another one, or this one. */
  add(item: Item): Item | undefined
  /** Takes the next one: callers take turns. */
  next(): Item | undefined
  /** False when it no longer waits. */
  remove(item: Item): boolean
  /** Takes all. */
  clear(): Item[]
}

const mostLarge = 16
const mostSmall = 200
const mostSmallOfOne = 40

/**
 * A queue in which no caller keeps the others out: each has the next turn in its round, and when it is full whoever
 * has the most gives up their last place for one who has less.
 */
export function createTurns<Item extends Waiter>(): Turns<Item> {
  /** In the order of turns. */
  const byCaller = new Map<string, Item[]>()

  function waiting(size: Waiter['size']): Item[] {
    return [...byCaller.values()].flat().filter(item => item.size === size)
  }

  function remove(item: Item): boolean {
    const own = byCaller.get(item.caller)
    const at = own?.indexOf(item) ?? -1
    if (!own || at < 0) return false
    own.splice(at, 1)
    if (own.length === 0) byCaller.delete(item.caller)
    return true
  }

  function push(item: Item): void {
    const own = byCaller.get(item.caller)
    if (own) own.push(item)
    else byCaller.set(item.caller, [item])
  }

  return {
    add(item) {
      const alike = waiting(item.size)
      const ofCaller = (caller: string) => alike.filter(each => each.caller === caller)
      const own = ofCaller(item.caller).length
      if (item.size === 'small' && own >= mostSmallOfOne) return item
      if (alike.length < (item.size === 'large' ? mostLarge : mostSmall)) {
        push(item)
        return undefined
      }
      const most = [...byCaller.keys()]
        .map(ofCaller)
        .reduce((left, right) => (right.length > left.length ? right : left))
      const last = most.at(-1)
      if (!last || most.length <= own + 1) return item
      remove(last)
      push(item)
      return last
    },
    next() {
      const [first] = byCaller
      if (!first) return undefined
      const [caller, own] = first
      const item = own.shift()
      byCaller.delete(caller)
      if (own.length > 0) byCaller.set(caller, own)
      return item
    },
    remove,
    clear() {
      const all = [...byCaller.values()].flat()
      byCaller.clear()
      return all
    },
  }
}
