import type { Calls } from './inspect-graph.ts'
import { refuse } from './inspect-tensor.ts'

/** The runtime writes the body of a function out at each call: thirty that call the next one twice make 2^30 nodes. */
const maxNodes = 1_000_000
const maxDepth = 100

/**
 * How many nodes the main graph has once every function call is replaced by its body.
 * @throws Problem `invalid-model` when a function calls itself, or there are more than a million.
 */
export function expandedNodes(main: Calls, functions: ReadonlyMap<string, Calls>): number {
  const known = new Map<string, number | 'open'>()

  function count(calls: Calls, depth: number): number {
    let nodes = 0
    for (const [operator, times] of calls) nodes += times * countOperator(operator, depth)
    if (nodes > maxNodes)
      throw refuse(`The model has more than ${maxNodes} operators once its functions are written out.`)
    return nodes
  }

  function countOperator(operator: string, depth: number): number {
    const body = functions.get(operator)
    if (body === undefined) return 1
    const before = known.get(operator)
    if (before === 'open') throw refuse(`The function ${operator} calls itself.`)
    if (before !== undefined) return before
    if (depth === maxDepth) throw refuse(`The model nests more than ${maxDepth} functions in each other.`)
    known.set(operator, 'open')
    const nodes = count(body, depth + 1)
    known.set(operator, nodes)
    return nodes
  }

  return count(main, 0)
}
