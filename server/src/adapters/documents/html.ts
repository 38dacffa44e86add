import { convert, type DomNode, type FormatCallback } from 'html-to-text'
import type { Block } from '../../ports/document-reader.ts'

/** Says of a line that it is a heading, and of which level; taken out of what comes in. */
const headingMark = '\ue000'
const cellMark = '\ue001'
const mostDepth = 200

const heading: FormatCallback = (element, walk, builder, options) => {
  builder.openBlock({ leadingLineBreaks: 2 })
  builder.addLiteral(`${headingMark}${options.level}`)
  walk(element.children, builder)
  builder.closeBlock({ trailingLineBreaks: 2 })
}

const row: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 2 })
  walk(element.children, builder)
  builder.closeBlock({ trailingLineBreaks: 2 })
}

/** All in one line, whatever is in it. */
const cell: FormatCallback = (element, _walk, builder) => {
  builder.addInline(textOf(element), {})
  builder.addLiteral(cellMark)
}

const levels = [1, 2, 3, 4, 5, 6]
const unread = ['title', 'img', 'script', 'style', 'noscript', 'template', 'svg', 'nav']

/** Headings, paragraphs, items and rows of tables, without what pages are drawn with. */
export function htmlBlocks(html: string): Block[] {
  const text = convert(html.replaceAll(/[\ue000\ue001]/g, ''), {
    wordwrap: false,
    limits: { maxDepth: mostDepth },
    formatters: { heading, row, cell },
    selectors: [
      ...levels.map(level => ({ selector: `h${level}`, format: 'heading', options: { level } })),
      { selector: 'a', options: { ignoreHref: true } },
      ...unread.map(selector => ({ selector, format: 'skip' })),
      { selector: 'table', format: 'block' },
      { selector: 'tr', format: 'row' },
      { selector: 'td', format: 'cell' },
      { selector: 'th', format: 'cell' },
    ],
  })
  return text
    .split(/\n{2,}/)
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(blockOf)
}

function blockOf(text: string): Block {
  if (text.startsWith(headingMark))
    return { text: text.slice(2).replaceAll(/\s+/g, ' '), heading: Number(text[1]) }
  if (!text.includes(cellMark)) return { text }
  const cells = text.split(cellMark).map(each => each.replaceAll(/\s+/g, ' ').trim())
  return { text: cells.slice(0, -1).join(' | ') }
}

/** Without calling itself: what comes in may be nested as deeply as it is long. */
function textOf(element: DomNode): string {
  const texts: string[] = []
  const waiting: DomNode[] = [element]
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.type === 'text') texts.push(node.data ?? '')
    else if (!unread.includes(node.name ?? ''))
      for (const child of [space, ...(node.children ?? []), space].toReversed()) waiting.push(child)
  }
  return texts.join('')
}

const space: DomNode = { type: 'text', data: ' ', children: [] }
