/** A piece of a line: text with how it is set. Plain values: a template places them, nothing runs them. */
export type Run = {
  text: string
  strong?: true
  emphasis?: true
  strike?: true
  code?: true
  /** Where a link leads, to be printed: the PDF has no active link to an address that someone typed. */
  address?: string
}

const longestWord = 40

type Style = 'strong' | 'emphasis' | 'strike'
/** A row of * or _ or ~ between texts, of which `left` are not used yet. */
type Mark = { sign: string; left: number; opens: boolean; closes: boolean; before: Style[]; after: Style[] }
type Piece = { run: Run } | { mark: Mark }

// Each is tried at one place only and stops at the next sign of its kind, so that reading takes time in proportion.
const escaped = /\\([!-/:-@[-`{-~])/y
const link = /(!?)\[([^[\]\n]{0,500})\]\(<?([^()<>\s]{1,1000})>?(?: +"[^"\n]{0,200}")?\)/y
const automatic = /<((?:https?:\/\/|mailto:)[^<>\s]{1,1000})>/y
const marks = /\*+|_+|~~/y

/** Emphasis, code, strike-through and links of one paragraph (CommonMark 0.31.2, chapter 6; strike-through as GFM). */
export function readRuns(paragraph: string): Run[] {
  const pieces: Piece[] = []
  const fences = fencesOf(paragraph)
  let text = ''
  const endText = () => {
    if (text) pieces.push({ run: { text } })
    text = ''
  }
  for (let at = 0; at < paragraph.length; ) {
    const sign = paragraph[at] ?? ''
    if (sign === '`') {
      const length = fenceLength(paragraph, at)
      const end = fences(length, at + length)
      const body = end === undefined ? paragraph.slice(at, at + length) : paragraph.slice(at + length, end)
      if (end === undefined) text += body
      else {
        endText()
        pieces.push({ run: { text: withoutPadding(body), code: true } })
      }
      at = (end ?? at) + length
      continue
    }
    const found = '\\![<*_~'.includes(sign) ? special(paragraph, at) : undefined
    if (!found) {
      text += sign
      at++
      continue
    }
    if ('text' in found) text += found.text
    else {
      endText()
      pieces.push(found.piece)
    }
    at = found.end
  }
  endText()
  pair(pieces.flatMap(piece => ('mark' in piece ? [piece.mark] : [])))
  return breakableBetween(styled(pieces))
}

/** A template breaks long words within a run; a word of many runs may break between two of them. */
function breakableBetween(runs: readonly Run[]): Run[] {
  let unbroken = 0
  return runs.map(run => {
    const first = run.text.search(/\s/)
    const isLong = unbroken > 0 && unbroken + (first < 0 ? run.text.length : first) > longestWord
    unbroken =
      first < 0
        ? (isLong ? 0 : unbroken) + run.text.length
        : (/\S*$/.exec(run.text.slice(-longestWord))?.[0].length ?? 0)
    return isLong ? { ...run, text: `\u{200b}${run.text}` } : run
  })
}

function special(
  text: string,
  at: number,
): ({ end: number } & ({ text: string } | { piece: Piece })) | undefined {
  const read = (pattern: RegExp) => {
    pattern.lastIndex = at
    return pattern.exec(text)
  }
  const literal = read(escaped)
  if (literal) return { text: literal[1] ?? '', end: at + 2 }
  const linked = read(link)
  if (linked) {
    const [whole, isImage, name = '', address = ''] = linked
    const shown = name || address
    const run: Run = { text: isImage ? `[${shown}]` : shown, ...(shown !== address && { address }) }
    return { piece: { run }, end: at + whole.length }
  }
  const bare = read(automatic)
  if (bare) return { text: bare[1] ?? '', end: at + bare[0].length }
  const row = read(marks)?.[0]
  if (!row) return undefined
  const mark = {
    sign: row[0] ?? '',
    left: row.length,
    ...flanks(text, at, at + row.length),
    before: [],
    after: [],
  }
  return { piece: { mark }, end: at + row.length }
}

/** Whether the row from `start` to `end` can begin or end emphasis (CommonMark 0.31.2, 6.2). */
function flanks(text: string, start: number, end: number): { opens: boolean; closes: boolean } {
  const before = text[start - 1] ?? ' '
  const after = text[end] ?? ' '
  const [spaceBefore, spaceAfter] = [before, after].map(sign => /\s/.test(sign))
  const [signBefore, signAfter] = [before, after].map(sign => /[\p{P}\p{S}]/u.test(sign))
  const left = !spaceAfter && (!signAfter || Boolean(spaceBefore) || Boolean(signBefore))
  const right = !spaceBefore && (!signBefore || Boolean(spaceAfter) || Boolean(signAfter))
  if (text[start] !== '_') return { opens: left, closes: right }
  // snake_case is a name.
  return { opens: left && (!right || Boolean(signBefore)), closes: right && (!left || Boolean(signAfter)) }
}

/** Joins each row that ends something to the nearest one before it that began it. */
function pair(all: Mark[]): void {
  const open: Mark[] = []
  for (const mark of all) {
    while (mark.closes && mark.left > 0) {
      const at = open.findLastIndex(each => each.sign === mark.sign)
      const begin = open[at]
      if (!begin) break
      // What was begun in between has no end.
      open.length = at + 1
      const used = begin.sign === '~' || (begin.left > 1 && mark.left > 1) ? 2 : 1
      const style = begin.sign === '~' ? 'strike' : used === 2 ? 'strong' : 'emphasis'
      begin.left -= used
      mark.left -= used
      begin.after.unshift(style)
      mark.before.push(style)
      if (begin.left === 0) open.pop()
    }
    // Each one that stays is looked at by those that follow: no text needs as many.
    if (mark.opens && mark.left > 0 && open.length < 50) open.push(mark)
  }
}

function styled(pieces: readonly Piece[]): Run[] {
  const depth = { strong: 0, emphasis: 0, strike: 0 }
  const runs: Run[] = []
  const add = (run: Run) => {
    const styles: Partial<Run> = {}
    for (const style of ['strong', 'emphasis', 'strike'] as const) if (depth[style] > 0) styles[style] = true
    const next: Run = { ...run, ...styles }
    const last = runs.at(-1)
    if (last && !last.address && !next.address && isSameStyle(last, next)) last.text += next.text
    else runs.push(next)
  }
  for (const piece of pieces) {
    if ('run' in piece) {
      add(piece.run)
      continue
    }
    const { mark } = piece
    for (const style of mark.before) depth[style]--
    if (mark.left > 0) add({ text: mark.sign.repeat(mark.left) })
    for (const style of mark.after) depth[style]++
  }
  return runs
}

function isSameStyle(one: Run, other: Run): boolean {
  return (['strong', 'emphasis', 'strike', 'code'] as const).every(style => one[style] === other[style])
}

/** Where the row of `length` backticks that follows `from` begins; asked with growing places. */
function fencesOf(text: string): (length: number, from: number) => number | undefined {
  const places = new Map<number, number[]>()
  for (const { 0: row, index } of text.matchAll(/`+/g)) {
    const same = places.get(row.length)
    if (same) same.push(index)
    else places.set(row.length, [index])
  }
  for (const same of places.values()) same.reverse()
  return (length, from) => {
    const same = places.get(length) ?? []
    while ((same.at(-1) ?? from) < from) same.pop()
    return same.at(-1)
  }
}

function fenceLength(text: string, at: number): number {
  let end = at
  while (text[end] === '`') end++
  return end - at
}

function withoutPadding(code: string): string {
  const line = code.replaceAll('\n', ' ')
  return line.startsWith(' ') && line.endsWith(' ') && line.trim() ? line.slice(1, -1) : line
}
