import { type CharacterSet, createSet } from './character-set.ts'
import { type Assertion, PatternError, type PatternNode, parsePattern } from './pattern-syntax.ts'

/** One step of a search; `next` are the numbers of the steps behind it. */
export type Instruction =
  | { readonly kind: 'take'; readonly set: CharacterSet; readonly next: number }
  | { readonly kind: 'assert'; readonly what: Assertion; readonly next: number }
  | { readonly kind: 'either'; readonly next: readonly number[] }
  | { readonly kind: 'match' }

/** A pattern that can be searched for by following all its ways at once. */
export type Program = {
  readonly instructions: readonly Instruction[]
  readonly begin: number
  /** Whether a match may begin with this unit. */
  readonly begins: (unit: number) => boolean
}

const mostInstructions = 2000
/** What is empty can be repeated without coming to a place. */
const mostNodes = 20_000

/** @throws PatternError */
export function compilePattern(source: string, { ignoreCase = false } = {}): Program {
  const instructions: Instruction[] = [{ kind: 'match' }]
  /** What is repeated is one set. */
  const sets = new Map<PatternNode, CharacterSet>()
  let nodes = 0
  const begin = emit(parsePattern(source), 0)
  return { instructions, begin, begins: beginsOf(instructions, begin) }

  /** Gives the number of the step with which the node begins. */
  function emit(node: PatternNode, next: number): number {
    nodes += 1
    if (nodes > mostNodes) throw tooLarge()
    switch (node.kind) {
      case 'set':
        return add({ kind: 'take', set: setOf(node), next })
      case 'assert':
        return add({ kind: 'assert', what: node.what, next })
      case 'sequence':
        return node.parts.reduceRight((behind, part) => emit(part, behind), next)
      case 'choice':
        return add({ kind: 'either', next: node.parts.map(part => emit(part, next)) })
      case 'repeat':
        return repeat(node, next)
    }
  }

  function setOf(node: Extract<PatternNode, { kind: 'set' }>): CharacterSet {
    const set = sets.get(node) ?? createSet(node.ranges, { ignoreCase, isNegated: node.isNegated })
    sets.set(node, set)
    return set
  }

  function repeat({ part, least, most }: Extract<PatternNode, { kind: 'repeat' }>, next: number): number {
    let begin = next
    if (most === null) {
      const ways: number[] = [next]
      begin = add({ kind: 'either', next: ways })
      ways.push(emit(part, begin))
    } else
      for (let n = least; n < most; n += 1) begin = add({ kind: 'either', next: [emit(part, begin), next] })
    for (let n = 0; n < least; n += 1) begin = emit(part, begin)
    return begin
  }

  function add(instruction: Instruction): number {
    if (instructions.length >= mostInstructions) throw tooLarge()
    instructions.push(instruction)
    return instructions.length - 1
  }
}

function tooLarge(): PatternError {
  return new PatternError(`It comes to more than ${mostInstructions} places with all that it repeats.`)
}

function beginsOf(instructions: readonly Instruction[], begin: number): (unit: number) => boolean {
  const sets: CharacterSet[] = []
  const seen = new Set<number>()
  const open = [begin]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    const instruction = instructions[at]
    if (instruction?.kind === 'take') sets.push(instruction.set)
    if (instruction?.kind === 'assert') open.push(instruction.next)
    if (instruction?.kind === 'either') open.push(...instruction.next)
  }
  const ascii = Uint8Array.from({ length: 128 }, (_, unit) => (sets.some(set => set.has(unit)) ? 1 : 0))
  return unit => (unit < 128 ? ascii[unit] === 1 : sets.some(set => set.has(unit)))
}
