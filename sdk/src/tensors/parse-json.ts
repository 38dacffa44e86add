import { Problem } from '../contract/problem.ts'
import { findJsonError } from './json-error.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })
const maxDepth = 64

/**
 * An integer literal of 16 and more digits; digits before or after a point do not count. It also matches inside of
 * strings, which costs time but no truth.
 */
const longInteger = /(?:^|[[:,\s])-?\d{16,}(?![\d.eE])/

/**
 * The value of a JSON body. With `exactIntegers`, integers beyond 2^53 - 1 come as bigint, all others as number.
 * @throws Problem `invalid-json`: not UTF-8, a syntax error (with its position), or deeper than 64 levels.
 */
export function parseJson(bytes: Uint8Array, options: { exactIntegers: boolean }): unknown {
  // Before anything else, so that no recursion, of the reviver or of ours, meets a deep value.
  if (isDeeperThan(bytes, maxDepth)) {
    throw new Problem('invalid-json', `The JSON is nested deeper than ${maxDepth} levels.`)
  }
  const text = decode(bytes)
  try {
    // The reviver costs 30 times a plain parse (187 against 6 ms for 200,000 numbers), so only when it is needed.
    if (options.exactIntegers && longInteger.test(text)) return JSON.parse(text, reviveInteger)
    return JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new Problem('invalid-json', describeError(text), { cause })
  }
}

/** Counts brackets outside of strings; 0.3 us for a body of 280 bytes. */
function isDeeperThan(bytes: Uint8Array, limit: number): boolean {
  let depth = 0
  let inString = false
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0
    if (inString) {
      if (byte === 0x5c) index++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) {
      inString = true
    } else if (byte > 0x5a) {
      // Bit 5 tells [ from { and ] from }.
      const bracket = byte | 0x20
      if (bracket === 0x7b) {
        if (++depth > limit) return true
      } else if (bracket === 0x7d) depth--
    }
  }
  return false
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new Problem('invalid-json', 'The body is not valid UTF-8.', { cause })
  }
}

/** The third argument holds the literal as it was written (Node 22, browsers of 2025). */
function reviveInteger(_key: string, value: unknown, ...rest: { source?: string }[]): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isInteger(value)) return value
  const source = rest[0]?.source
  if (source === undefined) {
    throw new Problem(
      'invalid-json',
      'This JavaScript engine cannot read integers beyond 2^53 from JSON. Use binary data.',
    )
  }
  return /^-?\d+$/.test(source) ? BigInt(source) : value
}

function describeError(text: string): string {
  if (text.trim() === '') return 'The body is empty, expected JSON.'
  const at = findJsonError(text)
  const rest = text.slice(at, at + 12)
  if (rest === '') return `The JSON ends too early, at position ${at}.`
  const before = text.slice(0, at).split('\n')
  const column = (before.at(-1)?.length ?? 0) + 1
  const sentence = `The JSON is not valid: unexpected ${JSON.stringify(String.fromCodePoint(rest.codePointAt(0) ?? 0))} at position ${at} (line ${before.length}, column ${column}).`
  if (!/^[+-]?(?:nan|inf)/i.test(rest)) return sentence
  return `${sentence} JSON has no such number: write one of the strings "NaN", "Infinity", "-Infinity".`
}
