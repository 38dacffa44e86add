import type { Block } from '../../ports/document-reader.ts'

const fence = /^ {0,3}(`{3,}|~{3,})/
const heading = /^ {0,3}(#{1,6})(?=[ \t]|$)/
/** Of a heading, behind which they say nothing. */
const closing = /(?:^|[ \t])#+$/
const underline = /^ {0,3}(=+|-+)[ \t]*$/
const tableRule = /^:?-+:?$/
const item = /^ {0,3}([-*+]|\d{1,9}[.)])[ \t]/

type Open = { lines: string[]; firstLine: number }

/**
 * Headings, paragraphs, items of lists, rows of tables and code, as they stand: models read Markdown as it is. Source:
 * CommonMark 0.31 and the tables of GitHub's.
 */
export function markdownBlocks(text: string): Block[] {
  const lines = text.split('\n')
  const blocks: Block[] = []
  let open: Open | undefined
  let fenced: string | undefined
  let columns: string | undefined

  function end(lastLine: number): void {
    if (open) blocks.push({ text: open.lines.join('\n'), firstLine: open.firstLine, lastLine })
    open = undefined
  }
  function add(line: string, number: number): void {
    open ??= { lines: [], firstLine: number }
    open.lines.push(line)
  }

  for (const [index, line] of lines.entries()) {
    const number = index + 1
    if (fenced !== undefined) {
      add(line, number)
      if (closes(line, fenced)) {
        end(number)
        fenced = undefined
      }
      continue
    }
    const mark = fence.exec(line)?.[1]
    const title = heading.exec(line)
    const under = underline.exec(line)?.[1]
    const isRow = line.includes('|') && line.trim() !== ''
    if (columns !== undefined && !isRow) columns = undefined
    if (line.trim() === '') end(index)
    else if (mark !== undefined) {
      end(index)
      fenced = mark
      add(line, number)
    } else if (title) {
      end(index)
      blocks.push({
        text: line.slice(title[0].length).trim().replace(closing, '').trimEnd(),
        heading: title[1]?.length ?? 1,
        firstLine: number,
        lastLine: number,
      })
    } else if (isRow && columns === undefined && open?.lines.at(-1)?.includes('|') && isTableRule(line)) {
      columns = open.lines.pop()
      if (open.lines.length === 0) open = undefined
      end(index - 1)
    } else if (columns !== undefined)
      blocks.push({ text: line.trim(), columns, firstLine: number, lastLine: number })
    else if (under !== undefined && open?.lines.length === 1) {
      const { lines: title, firstLine } = open
      open = undefined
      blocks.push({
        text: title[0] ?? '',
        heading: under.startsWith('=') ? 1 : 2,
        firstLine,
        lastLine: number,
      })
    } else {
      if (item.test(line)) end(index)
      add(line, number)
    }
  }
  end(lines.length)
  return blocks
}

function isTableRule(line: string): boolean {
  const cells = line.trim().replace(/^\|/, '').replace(/\|$/, '').split('|')
  return cells.every(cell => tableRule.test(cell.trim()))
}

function closes(line: string, opened: string): boolean {
  const mark = fence.exec(line)?.[1]
  return mark !== undefined && mark[0] === opened[0] && mark.length >= opened.length && line.trim() === mark
}
