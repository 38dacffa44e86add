import { digits, inverted, lineEnds, type Range, spaces, words } from './character-set.ts'

/** What a pattern says. */
export type PatternNode =
  | { readonly kind: 'set'; readonly ranges: readonly Range[]; readonly isNegated: boolean }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly parts: readonly PatternNode[] }
  /** `most` is null for no limit. */
  | {
      readonly kind: 'repeat'
      readonly part: PatternNode
      readonly least: number
      readonly most: number | null
    }

/** At the begin or the end of the text, at the edge of a word or inside. */
export type Assertion = 'begin' | 'end' | 'edge' | 'inside'

/** The sentence says what is wrong with the pattern. */
export class PatternError extends Error {}

const mostLevels = 30
const mostRepeats = 1000

const escapes: Readonly<Record<string, readonly Range[]>> = {
  d: digits,
  D: inverted(digits),
  w: words,
  W: inverted(words),
  s: spaces,
  S: inverted(spaces),
}
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 }

/**
 * Reads a regular expression as JavaScript writes it without flags, as far as a text can be searched for it in time that
 * grows with its length alone. Lazy quantifiers are read as greedy ones.
 * @throws PatternError
 */
export function parsePattern(source: string): PatternNode {
  let at = 0
  let level = 0

  const node = choice()
  if (at < source.length) throw new PatternError(`There is a ) too many at ${at}.`)
  return node

  function choice(): PatternNode {
    const parts = [sequence()]
    while (take('|')) parts.push(sequence())
    const [only] = parts
    return parts.length === 1 && only ? only : { kind: 'choice', parts }
  }

  function sequence(): PatternNode {
    const parts: PatternNode[] = []
    while (at < source.length && source[at] !== '|' && source[at] !== ')') parts.push(repeated(atom()))
    return { kind: 'sequence', parts }
  }

  function repeated(part: PatternNode): PatternNode {
    const bounds = quantifier()
    if (bounds === null) return part
    take('?')
    if (part.kind === 'assert' || quantifier() !== null)
      throw new PatternError(`There is nothing to repeat before ${at}.`)
    return { kind: 'repeat', part, ...bounds }
  }

  function quantifier(): { least: number; most: number | null } | null {
    if (take('*')) return { least: 0, most: null }
    if (take('+')) return { least: 1, most: null }
    if (take('?')) return { least: 0, most: 1 }
    const [all, low, comma, high] = /^\{(\d{1,6})(?:(,)(\d{1,6})?)?\}/.exec(source.slice(at, at + 20)) ?? []
    if (all === undefined) return null
    at += all.length
    const least = Number(low)
    const most = high === undefined ? (comma === undefined ? least : null) : Number(high)
    if (Math.max(least, most ?? 0) > mostRepeats)
      throw new PatternError(`Nothing is repeated more than ${mostRepeats} times, unless without a limit.`)
    if (most !== null && most < least) throw new PatternError(`${all} is the wrong way round.`)
    return { least, most }
  }

  function atom(): PatternNode {
    const character = source.charAt(at)
    at += 1
    if (character === '(') return group()
    if (character === '[') return listed()
    if (character === '.') return set(lineEnds, true)
    if (character === '^') return { kind: 'assert', what: 'begin' }
    if (character === '$') return { kind: 'assert', what: 'end' }
    if (character === '\\') return escaped()
    if ('*+?'.includes(character)) throw new PatternError(`There is nothing to repeat before ${at}.`)
    const unit = character.charCodeAt(0)
    return set([[unit, unit]])
  }

  function group(): PatternNode {
    level += 1
    if (level > mostLevels) throw new PatternError(`Groups are nested deeper than ${mostLevels} levels.`)
    if (/^\?(?:=|!|<=|<!)/.test(source.slice(at, at + 3)))
      throw new PatternError('Look-around cannot be searched for in linear time.')
    const [head = ''] = /^\?(?::|<[A-Za-z_]\w*>)/.exec(source.slice(at, at + 100)) ?? []
    if (head === '' && source[at] === '?') throw new PatternError(`(?${source.charAt(at + 1)} is not known.`)
    at += head.length
    const inside = choice()
    if (!take(')')) throw new PatternError('A ( is not closed.')
    level -= 1
    return inside
  }

  function escaped(): PatternNode {
    if (take('b')) return { kind: 'assert', what: 'edge' }
    if (take('B')) return { kind: 'assert', what: 'inside' }
    if (/[1-9k]/.test(source.charAt(at)))
      throw new PatternError('References to groups cannot be searched for in linear time.')
    return set(escapedRanges())
  }

  /** Behind a backslash. */
  function escapedRanges(): readonly Range[] {
    const character = source.charAt(at)
    at += 1
    const ranges = escapes[character]
    if (ranges) return ranges
    if (character === '') throw new PatternError('It ends with a \\.')
    const control = controls[character]
    if (control !== undefined) return [[control, control]]
    const digitsOf = character === 'x' ? 2 : character === 'u' ? 4 : 0
    const hex = source.slice(at, at + digitsOf)
    if (digitsOf > 0 && /^[0-9A-Fa-f]+$/.test(hex) && hex.length === digitsOf) {
      at += digitsOf
      const unit = Number.parseInt(hex, 16)
      return [[unit, unit]]
    }
    if (/[A-Za-z0-9]/.test(character)) throw new PatternError(`\\${character} is not known.`)
    const unit = character.charCodeAt(0)
    return [[unit, unit]]
  }

  function listed(): PatternNode {
    const isNegated = take('^')
    const ranges: Range[] = []
    while (!take(']')) {
      if (at >= source.length) throw new PatternError('A [ is not closed.')
      const [first, ...more] = member()
      const isOne = more.length === 0 && first !== undefined && first[0] === first[1]
      if (isOne && source[at] === '-' && source[at + 1] !== ']' && at + 1 < source.length) {
        at += 1
        const [last, ...others] = member()
        if (last === undefined || others.length > 0 || last[0] !== last[1] || last[0] < first[0])
          throw new PatternError(`The range before ${at} is the wrong way round, or none.`)
        ranges.push([first[0], last[0]])
      } else if (first) ranges.push(first, ...more)
    }
    return set(ranges, isNegated)
  }

  function member(): readonly Range[] {
    if (take('\\')) return take('b') ? [[8, 8]] : escapedRanges()
    const unit = source.charCodeAt(at)
    at += 1
    if (unit >= 0xd800 && unit <= 0xdfff)
      throw new PatternError('What is written with two units of UTF-16 stands outside of [ ], in a group.')
    return [[unit, unit]]
  }

  function take(character: string): boolean {
    if (source[at] !== character) return false
    at += 1
    return true
  }
}

function set(ranges: readonly Range[], isNegated = false): PatternNode {
  return { kind: 'set', ranges, isNegated }
}
