import { isIPv6 } from 'node:net'
import type { PiiKind } from '@roundhouse/sdk/contract'
import { compilePattern, type Program } from './program.ts'
import type { OnMatch } from './scanner.ts'

export type PiiFinder = Pick<OnMatch, 'follows' | 'accept'> & {
  readonly kind: PiiKind
  readonly program: Program
  /** A text without it has none. */
  readonly needs?: string | undefined
}

type Definition = {
  /** Never longer than some 400 characters: so much is held back of an answer. */
  readonly pattern: string
  readonly needs?: string
  /** What neither stands before it nor behind it, since it would go on so. */
  readonly isPart?: (unit: number) => boolean
  readonly leastCharacters?: number
  /** Whether the longest match, or the longest begin of it, is one. */
  readonly isOne?: (text: string) => boolean
}

/** What may stand between two groups of a number: blanks and hyphens, of those that do not break or are not seen too. */
const gap = '[ .\\u00a0\\u00ad\\u2009\\u200b\\u2011\\u202f\\u2060-]'
const letter = 'A-Za-z\\u00c0-\\u024f'
const octets = '(?:\\d{1,3}\\.){3}\\d{1,3}'

/** In the order in which a text is searched: what has a check digit before what could be any number. */
const definitions: Readonly<Record<PiiKind, Definition>> = {
  // Of a local part that is longer than there may be (RFC 5321, 4.5.3.1), its end.
  email: {
    pattern: `[\\w%+${letter}][\\w.%+'${letter}-]{0,63}@(?:[\\w${letter}-]{1,63}\\.){1,5}[${letter}]{2,24}`,
    needs: '@',
  },
  iban: {
    pattern: `[A-Z]{2}\\d{2}(?:${gap}?[A-Z0-9]){11,30}`,
    isPart: isAlphanumeric,
    leastCharacters: 15,
    isOne: isIban,
  },
  card: { pattern: `[2-6](?:${gap}?\\d){12,18}`, isPart: isDigit, leastCharacters: 13, isOne: isCard },
  ssn: { pattern: '\\d{3}[ -]\\d{2}[ -]\\d{4}', isPart: isDigit, leastCharacters: 11, isOne: isSsn },
  ip: {
    pattern: `${octets}|(?:[0-9A-F]{0,4}:){2,7}(?:[0-9A-F]{0,4}|${octets})`,
    isPart: isAlphanumeric,
    leastCharacters: 3,
    isOne: isAddress,
  },
  phone: {
    pattern: [
      '(?:\\+|00 ?)[1-9](?:[ ().\\/\\u00a0-]{0,2}\\d){6,13}',
      `\\(?[2-9]\\d{2}(?:\\) ?|${gap})[2-9]\\d{2}${gap}\\d{4}`,
      '0[1-9]\\d{1,4}[ \\/-]{1,3}\\d{2,8}(?:[ -]\\d{1,5}){0,4}',
    ].join('|'),
    isPart: isAlphanumeric,
    leastCharacters: 7,
    isOne: isPhone,
  },
}

const programs = new Map<PiiKind, Program>()

/** All kinds when none are named. */
export function piiFinders(kinds?: readonly PiiKind[]): PiiFinder[] {
  const known: PiiKind[] = ['email', 'iban', 'card', 'ssn', 'ip', 'phone']
  return known
    .filter(kind => kinds === undefined || kinds.includes(kind))
    .map(kind => {
      const program = programs.get(kind) ?? compilePattern(definitions[kind].pattern, { ignoreCase: true })
      programs.set(kind, program)
      return { kind, program, needs: definitions[kind].needs, ...edgesOf(definitions[kind]) }
    })
}

function edgesOf({ isPart, leastCharacters = 1, isOne }: Definition): Pick<OnMatch, 'follows' | 'accept'> {
  if (!isPart || !isOne) return {}
  return {
    follows: unit => !isPart(unit),
    accept(match, next) {
      for (let length = match.length; length >= leastCharacters; length -= 1) {
        const behind = length === match.length ? next : match.charCodeAt(length)
        if (isPart(behind) || !isPart(match.charCodeAt(length - 1))) continue
        if (isOne(match.slice(0, length))) return length
      }
      return 0
    },
  }
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39
}

function isAlphanumeric(unit: number): boolean {
  return isDigit(unit) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a)
}

/** Source: ISO/IEC 7812-1, annex B (Luhn). */
function isCard(text: string): boolean {
  let digits = 0
  let sum = 0
  for (let at = text.length - 1; at >= 0; at -= 1) {
    const unit = text.charCodeAt(at)
    if (!isDigit(unit)) continue
    const counted = (unit - 0x30) * (digits % 2 === 1 ? 2 : 1)
    sum += counted > 9 ? counted - 9 : counted
    digits += 1
  }
  return digits >= 13 && digits <= 19 && sum % 10 === 0 && isGrouped(text)
}

/** By four at first, or digit by digit: of ten decimals, or rows of numbers, one has the right check digit too. */
function isGrouped(text: string): boolean {
  const groups = text.split(/\D+/)
  if (groups.length === 2 && text.includes('.')) return false
  return groups.length === 1 || groups[0]?.length === 4 || groups.every(({ length }) => length <= 2)
}

/** Source: ISO 13616-1, ISO 7064 (mod 97-10). */
function isIban(text: string): boolean {
  let characters = 0
  let rest = 0
  // Country and check digits are counted last.
  for (let at = 4; at < text.length + 4; at += 1) {
    const unit = text.charCodeAt(at % text.length)
    if (!isAlphanumeric(unit)) continue
    characters += 1
    rest = (isDigit(unit) ? rest * 10 + unit - 0x30 : rest * 100 + (unit | 0x20) - 0x57) % 97
  }
  return characters >= 15 && characters <= 34 && rest === 1
}

/** Source: Social Security Administration, numbers that are never given out. */
function isSsn(text: string): boolean {
  const [area = '', group = '', serial = ''] = text.split(/[ -]/)
  return area !== '000' && area !== '666' && !area.startsWith('9') && group !== '00' && serial !== '0000'
}

/** `a::b` is more often code than an address. */
function isAddress(text: string): boolean {
  if (text.includes(':')) return /\d/.test(text) && isIPv6(text)
  const parts = text.split('.')
  return parts.length === 4 && parts.every(part => Number(part) <= 255)
}

function isPhone(text: string): boolean {
  let digits = 0
  for (let at = 0; at < text.length; at += 1) if (isDigit(text.charCodeAt(at))) digits += 1
  return digits >= 7 && digits <= 15
}
