import { logLevel, Problem } from '@roundhouse/sdk/contract'

/** What has to hold of a line; any of the matches, or with `not` none of them. */
export type LogTerm = { readonly not: boolean; readonly any: readonly LogMatch[] }

export type LogMatch =
  /** Stands somewhere in the line, whatever the case. */
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'text'; readonly column: TextColumn; readonly pattern: Pattern }
  | {
      readonly kind: 'number'
      readonly column: 'id' | 'status' | 'duration_ms'
      readonly from: Bound
      readonly to: Bound
    }
  | { readonly kind: 'user'; readonly id: string | null }
  | { readonly kind: 'email'; readonly email: string }
  /** A field of the event. */
  | { readonly kind: 'field'; readonly name: string; readonly pattern: Pattern }

export type TextColumn = 'level' | 'event' | 'request_id' | 'method' | 'path' | 'model' | 'process'
/** `like` in the words of SQL, with `\` before what is meant as it is. */
export type Pattern = { readonly is: string } | { readonly like: string }
/** Null is open. */
export type Bound = { readonly value: number; readonly isIncluded: boolean } | null

const mostTerms = 20
const keys: Readonly<Record<string, string>> = {
  request: 'request_id',
  user: 'user_id',
  duration: 'duration_ms',
}
const token = /(-?)(?:@?([A-Za-z_][\w.-]*):)?("(?:[^"\\]|\\.)*"?|[^\s"]+)?/y
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const units: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000 }

/**
 * Reads the query language of the logs (`listLogs` of the contract says what there is).
 * @throws Problem `invalid-request` that says what to write instead.
 */
export function parseLogQuery(text: string): LogTerm[] {
  const terms: LogTerm[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const [whole = '', hyphen = '', key, value] = token.exec(text) ?? []
    token.lastIndex = at + Math.max(whole.length, 1)
    if (key === undefined && value === undefined) continue
    if (key !== undefined && value === undefined)
      throw refused(`write a value behind ${key}:, as in level:error.`)
    terms.push({ not: hyphen === '-', any: matches(key, value ?? '') })
  }
  if (terms.length > mostTerms) throw refused(`${mostTerms} conditions at most.`)
  return terms
}

function matches(key: string | undefined, value: string): LogMatch[] {
  const isQuoted = value.startsWith('"')
  const text = isQuoted ? unquoted(value) : value
  if (key === undefined) return [{ kind: 'word', text }]
  const name = keys[key] ?? key
  const values = isQuoted ? [text] : text.split(',').filter(part => part !== '')
  if (values.length === 0) throw refused(`write a value behind ${key}:, as in level:error.`)
  return values.flatMap(one => match(name, one))
}

function match(name: string, value: string): LogMatch | LogMatch[] {
  switch (name) {
    case 'level': {
      const level = logLevel.safeParse(value.toLowerCase())
      if (!level.success) throw refused('level is debug, info, warn or error.')
      return { kind: 'text', column: 'level', pattern: { is: level.data } }
    }
    case 'method':
      return { kind: 'text', column: 'method', pattern: patternOf(value.toUpperCase()) }
    case 'event':
    case 'request_id':
    case 'process':
      return { kind: 'text', column: name, pattern: patternOf(value) }
    case 'path':
      // Addresses below it too.
      return { kind: 'text', column: 'path', pattern: patternOf(value.includes('*') ? value : `${value}*`) }
    case 'model': {
      const exact: LogMatch = { kind: 'text', column: 'model', pattern: patternOf(value) }
      // `price` is every version of it too: lines say `price@3`.
      if (value.includes('@')) return exact
      return [exact, { kind: 'text', column: 'model', pattern: patternOf(`${value}@*`) }]
    }
    case 'id':
      return { kind: 'number', column: 'id', ...idRange(value) }
    case 'status':
      return { kind: 'number', column: 'status', ...statusRange(value) }
    case 'duration_ms':
      return {
        kind: 'number',
        column: 'duration_ms',
        ...range(value, 'duration is like >250ms, <=2s or 100.'),
      }
    case 'user_id':
      if (value === 'none') return { kind: 'user', id: null }
      if (uuid.test(value)) return { kind: 'user', id: value }
      if (value.includes('@')) return { kind: 'email', email: value.toLowerCase() }
      throw refused('user is an id, an e-mail address or none.')
    default:
      return { kind: 'field', name, pattern: patternOf(value) }
  }
}

function idRange(value: string): { from: Bound; to: Bound } {
  if (!/^(<=|>=|<|>)?\d+$/.test(value)) throw refused('id is a whole number.')
  return range(value, 'id is a number of 15 digits at most.')
}

function statusRange(value: string): { from: Bound; to: Bound } {
  const group = /^([1-5])xx$/i.exec(value)?.[1]
  if (group === undefined) return range(value, 'status is like 404, 5xx or >=400.')
  const first = Number(group) * 100
  return { from: { value: first, isIncluded: true }, to: { value: first + 100, isIncluded: false } }
}

function range(value: string, sentence: string): { from: Bound; to: Bound } {
  const [, sign = '', digits, unit = ''] = /^(<=|>=|<|>)?(\d{1,15}(?:\.\d{1,6})?)(ms|s|m)?$/.exec(value) ?? []
  if (digits === undefined) throw refused(sentence)
  const bound = { value: Number(digits) * (units[unit] ?? 1), isIncluded: sign.includes('=') || sign === '' }
  return { from: sign.startsWith('<') ? null : bound, to: sign.startsWith('>') ? null : bound }
}

/** `*` stands for anything. */
function patternOf(value: string): Pattern {
  if (!value.includes('*')) return { is: value }
  return { like: value.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%') }
}

function unquoted(value: string): string {
  return value.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1')
}

function refused(sentence: string): Problem {
  return new Problem('invalid-request', `q: ${sentence}`)
}
