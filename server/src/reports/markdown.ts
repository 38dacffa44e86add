import { type Run, readRuns } from './markdown-inline.ts'

/** What a message is made of. Plain values: a template places them, nothing runs them. */
export type Block =
  | { kind: 'paragraph'; runs: Run[] }
  | { kind: 'heading'; level: number; runs: Run[] }
  | { kind: 'code'; language: string; lines: string[] }
  /** `start` is the first number; without it the items have bullets. */
  | { kind: 'list'; start?: number; items: Block[][] }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'table'; aligns: ('left' | 'center' | 'right')[]; head: Run[][]; rows: Run[][][] }
  | { kind: 'rule' }

/** Lists and quotes within each other; what is deeper is a paragraph. */
const deepest = 6
/** More have no room on a page; such a table is set as code. */
const mostColumns = 10
const tabColumns = 4

/**
 * The Markdown that people and models write in conversations: headings, lists, quotes, tables, fenced code, emphasis, links
 * (CommonMark 0.31.2 and GFM, a part of them). A line end stays a line end. HTML, indented code and whatever else is
 * printed as it was typed.
 */
export function readMarkdown(text: string): Block[] {
  return readBlocks(text.split('\n'), 0)
}

/** Only ``` fences are set as code; the rest is printed letter by letter. */
export function readPlain(text: string): Block[] {
  const lines = text.split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < lines.length; ) {
    const code = readFence(lines, at)
    if (code) {
      blocks.push(code.block)
      at = code.end
      continue
    }
    const start = at
    while (at < lines.length && (lines[at] ?? '').trim() && (at === start || !readFence(lines, at))) at++
    if (at > start)
      blocks.push({ kind: 'paragraph', runs: [{ text: lines.slice(start, at).map(withoutTabs).join('\n') }] })
    else at++
  }
  return blocks
}

type Found = { block: Block; end: number }

function readBlocks(lines: readonly string[], depth: number): Block[] {
  const blocks: Block[] = []
  let paragraph: string[] = []
  const endParagraph = () => {
    if (paragraph.length > 0) blocks.push({ kind: 'paragraph', runs: readRuns(paragraph.join('\n')) })
    paragraph = []
  }
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? ''
    const found =
      line.trim() === ''
        ? undefined
        : (readFence(lines, at) ??
          readLine(line, at) ??
          readTable(lines, at) ??
          (depth < deepest ? (readQuote(lines, at, depth) ?? readList(lines, at, depth)) : undefined))
    if (line.trim() === '' || found) endParagraph()
    if (found) blocks.push(found.block)
    else if (line.trim()) paragraph.push(line.trim())
    at = found?.end ?? at + 1
  }
  endParagraph()
  return blocks
}

function readFence(lines: readonly string[], at: number): Found | undefined {
  const open = /^( *)(`{3,}|~{3,})\s*([\w+#.-]*)[^`]*$/.exec(lines[at] ?? '')
  if (!open) return undefined
  const [, indent = '', fence = '', language = ''] = open
  const body: string[] = []
  let end = at + 1
  for (; end < lines.length; end++) {
    const line = lines[end] ?? ''
    const shut = line.trim()
    if (shut.length >= fence.length && shut === (fence[0] ?? '').repeat(shut.length)) break
    body.push(withoutTabs(withoutIndent(line, indent.length)))
  }
  return { block: { kind: 'code', language, lines: body }, end: end + 1 }
}

/** A heading or a rule: what one line is by itself. */
function readLine(line: string, at: number): Found | undefined {
  if (/^ {0,3}([-*_])(?: *\1){2,} *$/.test(line)) return { block: { kind: 'rule' }, end: at + 1 }
  const heading = /^ {0,3}(#{1,6}) +(.*)$/.exec(line)
  if (!heading) return undefined
  const [, signs = '', text = ''] = heading
  const runs = readRuns(text.trim().replace(/ +#+$/, ''))
  return { block: { kind: 'heading', level: signs.length, runs }, end: at + 1 }
}

function readTable(lines: readonly string[], at: number): Found | undefined {
  const [head = '', under = ''] = [lines[at], lines[at + 1]]
  if (!head.includes('|') || !under.includes('-') || !/^[\s|:-]+$/.test(under)) return undefined
  const marks = cellsOf(under)
  const names = cellsOf(head)
  if (marks.length !== names.length || !marks.every(mark => /^:?-+:?$/.test(mark))) return undefined
  let end = at + 2
  while (end < lines.length && (lines[end] ?? '').includes('|')) end++
  if (names.length > mostColumns)
    return { block: { kind: 'code', language: '', lines: lines.slice(at, end).map(withoutTabs) }, end }
  const rows = lines.slice(at + 2, end).map(line => {
    const cells = cellsOf(line)
    return names.map((_, index) => readRuns(cells[index] ?? ''))
  })
  const aligns = marks.map(mark =>
    mark.endsWith(':') ? (mark.startsWith(':') ? 'center' : 'right') : ('left' as const),
  )
  return { block: { kind: 'table', aligns, head: names.map(readRuns), rows }, end }
}

function cellsOf(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
  return inner.split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll('\\|', '|'))
}

function readQuote(lines: readonly string[], at: number, depth: number): Found | undefined {
  let end = at
  while (/^ {0,3}>/.test(lines[end] ?? '')) end++
  if (end === at) return undefined
  const inner = lines.slice(at, end).map(line => line.replace(/^ {0,3}> ?/, ''))
  return { block: { kind: 'quote', blocks: readBlocks(inner, depth + 1) }, end }
}

type Bullet = { indent: number; content: number; number?: number; sign: string; text: string }

function readBullet(line: string): Bullet | undefined {
  const found = /^( *)(?:([-*+•])|(\d{1,9})([.)])) +(\S.*)$/.exec(withoutTabs(line))
  if (!found) return undefined
  const [whole, indent = '', bullet, digits, end, text = ''] = found
  return {
    indent: indent.length,
    content: whole.length - text.length,
    sign: bullet ?? end ?? '',
    text,
    ...(digits !== undefined && { number: Number(digits) }),
  }
}

/** Items of one kind, each with the lines that stand under its text; an empty line between items changes nothing. */
function readList(lines: readonly string[], at: number, depth: number): Found | undefined {
  const first = readBullet(lines[at] ?? '')
  if (!first) return undefined
  const items: string[][] = []
  let content = first.content
  let end = at
  for (; end < lines.length; end++) {
    const line = lines[end] ?? ''
    const bullet = readBullet(line)
    if (bullet && bullet.indent <= first.indent + 1 && bullet.sign === first.sign) {
      items.push([bullet.text])
      content = bullet.content
      continue
    }
    const isBlank = line.trim() === ''
    const indent = withoutTabs(line).search(/\S/)
    const follows = isBlank
      ? belongs(lines[end + 1], first, content)
      : // A line that goes on with the text of the item need not be indented, unless something else begins with it.
        indent > first.indent + 1 || (indent >= 0 && !bullet && goesOn(lines, end))
    if (!follows) break
    items.at(-1)?.push(isBlank ? '' : withoutIndent(line, content))
  }
  const list = { kind: 'list', items: items.map(item => readBlocks(item, depth + 1)) } as const
  return { block: first.number === undefined ? list : { ...list, start: first.number }, end }
}

/** Whether the line after an empty one is still of the list. */
function belongs(line: string | undefined, first: Bullet, content: number): boolean {
  if (!line?.trim()) return false
  const bullet = readBullet(line)
  if (bullet && bullet.indent <= first.indent + 1) return bullet.sign === first.sign
  return withoutTabs(line).search(/\S/) >= Math.min(content, first.indent + 2)
}

function goesOn(lines: readonly string[], at: number): boolean {
  const before = lines[at - 1] ?? ''
  const line = lines[at] ?? ''
  return before.trim() !== '' && !/^ {0,3}([#>|]|`{3}|~{3})/.test(line) && !readLine(line, at)
}

/** To columns of four, as editors show them. */
function withoutTabs(line: string): string {
  if (!line.includes('\t')) return line
  let column = 0
  const parts = line.split('\t').map((part, index, all) => {
    column += [...part].length
    if (index === all.length - 1) return part
    const gap = tabColumns - (column % tabColumns)
    column += gap
    return part + ' '.repeat(gap)
  })
  return parts.join('')
}

/** Tabs behind the indent stay: they count from where the rest begins. */
function withoutIndent(line: string, most: number): string {
  const even = line.startsWith(' '.repeat(most)) ? line : withoutTabs(line)
  return even.slice(Math.min(most, even.search(/\S|$/)))
}
