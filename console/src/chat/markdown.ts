/**
 * The part of Markdown that answers are written in, as a tree. There is no HTML in it, and nothing that loads by itself: a
 * picture becomes a link, because its address could carry what was said to whoever asked the model for it.
 * Source: https://spec.commonmark.org/0.31.2/ and GitHub's tables, without what needs to look ahead further than a line.
 */
export type Inline =
  | { readonly kind: 'text' | 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'emphasis' | 'struck'; readonly content: readonly Inline[] }
  | { readonly kind: 'link'; readonly href: string; readonly content: readonly Inline[] }
  | { readonly kind: 'break' }

type Alignment = 'start' | 'middle' | 'end'
type ListItem = { readonly content: readonly Inline[]; readonly items: List | null }
export type List = {
  readonly isOrdered: boolean
  readonly start: number
  readonly items: readonly ListItem[]
}

export type Block =
  | { readonly kind: 'paragraph'; readonly content: readonly Inline[] }
  | { readonly kind: 'heading'; readonly level: number; readonly content: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'list'; readonly list: List }
  | { readonly kind: 'quote'; readonly blocks: readonly Block[] }
  | {
      readonly kind: 'table'
      readonly aligned: readonly Alignment[]
      readonly head: readonly Inline[][]
      readonly rows: readonly Inline[][][]
    }
  | { readonly kind: 'rule' }

/** A block with the lines that it was read from: those that did not change need not be drawn again. */
export type SourceBlock = { readonly source: string; readonly block: Block }

const fence = /^ {0,3}(`{3,}|~{3,})/
const heading = /^ {0,3}(#{1,6})\s+(\S.*)$/
const rule = /^ {0,3}([-*_])(\s*\1){2,}\s*$/
const bullet = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/
const quoted = /^ {0,3}> ?(.*)$/
/** Of a line without what is white around it: each of these reads a line once. */
const tableRule = /^(?:\|\s*)?:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?$/

/** Quotes in quotes, lists in lists; what lies deeper is text. */
const deepest = 4

export function parseMarkdown(text: string, depth = 0): SourceBlock[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n')
  const blocks: SourceBlock[] = []
  let at = 0

  function take(end: number, block: Block): void {
    blocks.push({ source: lines.slice(at, end).join('\n'), block })
    at = end
  }

  /** The first line from here on that is not one of these. */
  function until(from: number, belongs: (line: string) => boolean): number {
    let end = from
    while (end < lines.length && belongs(lines[end] ?? '')) end += 1
    return end
  }

  while (at < lines.length) {
    const line = lines[at] ?? ''
    const mark = fence.exec(line)?.[1]
    const [, hashes, title = ''] = heading.exec(line) ?? []
    if (line.trim() === '') at += 1
    else if (mark !== undefined) {
      const end = until(at + 1, other => !(other.trim().startsWith(mark) && /^\s*(`+|~+)\s*$/.test(other)))
      const code = lines.slice(at + 1, end).join('\n')
      take(Math.min(end + 1, lines.length), { kind: 'code', text: code })
    } else if (hashes !== undefined)
      take(at + 1, { kind: 'heading', level: hashes.length, content: parseInline(titleOf(title)) })
    else if (rule.test(line)) take(at + 1, { kind: 'rule' })
    else if (quoted.test(line) && depth < deepest) {
      const end = until(at, other => quoted.test(other))
      const inner = lines.slice(at, end).map(other => quoted.exec(other)?.[1] ?? '')
      const inside = parseMarkdown(inner.join('\n'), depth + 1).map(({ block }) => block)
      take(end, { kind: 'quote', blocks: inside })
    } else if (bullet.test(line)) {
      const end = until(at, other => bullet.test(other) || /^\s{2,}\S/.test(other))
      take(end, { kind: 'list', list: parseList(lines.slice(at, end)) })
    } else if (line.includes('|') && tableRule.test((lines[at + 1] ?? '').trim())) {
      const end = until(at + 2, other => other.includes('|'))
      const [head = [], ...rows] = [line, ...lines.slice(at + 2, end)].map(cellsOf)
      take(end, { kind: 'table', aligned: alignmentsOf(lines[at + 1] ?? ''), head, rows })
    } else {
      const end = Math.max(
        at + 1,
        until(at, other => other.trim() !== '' && !begins(other)),
      )
      take(end, { kind: 'paragraph', content: parseInline(lines.slice(at, end).join('\n')) })
    }
  }
  return blocks
}

/** Without the signs that may close it. */
function titleOf(text: string): string {
  const title = text.trimEnd()
  const end = title.search(/(?:^|\s)#+$/)
  return end === -1 ? title : title.slice(0, end).trimEnd()
}

/** What ends a paragraph. */
function begins(line: string): boolean {
  return fence.test(line) || heading.test(line) || rule.test(line) || bullet.test(line) || quoted.test(line)
}

function parseList(lines: readonly string[], depth = 0): List {
  const items: { text: string; below: string[] }[] = []
  const [, , number] = bullet.exec(lines[0] ?? '') ?? []
  const indent = indentOf(lines[0] ?? '')
  for (const line of lines) {
    const [, , , text] = bullet.exec(line) ?? []
    const last = items.at(-1)
    if (text !== undefined && (indentOf(line) <= indent + 1 || depth === deepest))
      items.push({ text, below: [] })
    else if (text !== undefined || last?.below.length) last?.below.push(line)
    else if (last) last.text += `\n${line.trim()}`
  }
  return {
    isOrdered: number !== undefined,
    start: Number(number ?? 1),
    items: items.map(({ text, below }) => ({
      content: parseInline(text),
      items: below.length > 0 ? parseList(below, depth + 1) : null,
    })),
  }
}

function indentOf(line: string): number {
  return line.replaceAll('\t', '    ').search(/\S|$/)
}

function alignmentsOf(line: string): Alignment[] {
  const marks = line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
  return marks.map(mark => (/^\s*:.*:\s*$/.test(mark) ? 'middle' : /:\s*$/.test(mark) ? 'end' : 'start'))
}

function cellsOf(line: string): Inline[][] {
  const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '')
  return inner.split(/(?<!\\)\|/).map(cell => parseInline(cell.trim().replaceAll('\\|', '|')))
}

/** Each alternative begins with a sign of its own and never backs up far: an answer is read anew with each piece. */
const inlineParts =
  /\\([!-/:-@[-`{-~])|(`{1,3})([^`]+)\2|(!?)\[([^[\]]{0,500})\]\(\s*<?([^\s<>()]{1,2000}(?:\([^\s()]{0,200}\)[^\s<>()]{0,200})?)>?(?:\s+"[^"]{0,500}")?\s*\)|(\*\*|__)(?=\S)((?:(?!\7)[^\n]){1,2000}?\S?)\7|([*_])(?=[^\s*_])([^*_\n]{1,2000})\9(?![A-Za-z0-9])|~~([^~\n]{1,2000})~~|<?(https?:\/\/[^\s<>"'`)\]]{1,2000}[^\s<>"'`)\].,;:!?*_])>?|(?<! ) {2,}\n/g

function parseInline(text: string, isLinked = false): Inline[] {
  const parts: Inline[] = []
  let done = 0
  const plain = (end: number) => {
    if (end > done) parts.push({ kind: 'text', text: text.slice(done, end) })
  }
  for (const match of text.matchAll(inlineParts)) {
    const [whole, escaped, , code, picture, label, address, , strong, mark, emphasis, struck, bare] = match
    // An underscore within a word is part of its name.
    if (mark === '_' && /\w/.test(text[match.index - 1] ?? '')) continue
    plain(match.index)
    done = match.index + whole.length
    if (escaped !== undefined) parts.push({ kind: 'text', text: escaped })
    else if (code !== undefined) parts.push({ kind: 'code', text: code })
    else if (address !== undefined) {
      const href = isLinked ? null : safeAddress(address)
      const content = picture
        ? [{ kind: 'text' as const, text: label || 'Picture' }]
        : parseInline(label ?? '', true)
      parts.push(href === null ? { kind: 'text', text: label || whole } : { kind: 'link', href, content })
    } else if (strong !== undefined) parts.push({ kind: 'strong', content: parseInline(strong, isLinked) })
    else if (emphasis !== undefined)
      parts.push({ kind: 'emphasis', content: parseInline(emphasis, isLinked) })
    else if (struck !== undefined) parts.push({ kind: 'struck', content: parseInline(struck, isLinked) })
    else if (bare !== undefined) {
      const href = isLinked ? null : safeAddress(bare)
      const content = [{ kind: 'text' as const, text: bare }]
      parts.push(...(href === null ? content : [{ kind: 'link' as const, href, content }]))
    } else parts.push({ kind: 'break' })
  }
  plain(text.length)
  return parts
}

/** Null for what is no whole web address, or would hide whose it is behind a user name. */
function safeAddress(text: string): string | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null
  const { href, username, password } = new URL(text)
  return username === '' && password === '' ? href : null
}
