import { element, icon } from './element.ts'
import { type Block, type Inline, type List, parseMarkdown } from './markdown.ts'

export type MarkdownView = { element: HTMLElement; show(text: string): void }

/** Draws an answer that grows: blocks that did not change stay the elements that they were, with what is selected in them. */
export function createMarkdownView(): MarkdownView {
  const made = element('div', { class: 'text' })
  let shown: { source: string; node: Node }[] = []
  return {
    element: made,
    show(text) {
      const blocks = parseMarkdown(text)
      const same = blocks.findIndex(({ source }, index) => shown[index]?.source !== source)
      const kept = shown.slice(0, same === -1 ? blocks.length : same)
      for (const { node } of shown.slice(kept.length)) made.removeChild(node)
      const drawn = blocks.slice(kept.length).map(({ source, block }) => ({ source, node: draw(block) }))
      made.append(...drawn.map(({ node }) => node))
      shown = [...kept, ...drawn]
    },
  }
}

function draw(block: Block): HTMLElement {
  switch (block.kind) {
    case 'paragraph':
      return element('p', {}, ...drawInline(block.content))
    case 'heading':
      // Below the title of the page that the chat stands in.
      return element(
        block.level === 1 ? 'h3' : block.level === 2 ? 'h4' : 'h5',
        {},
        ...drawInline(block.content),
      )
    case 'code':
      return drawCode(block.text)
    case 'list':
      return drawList(block.list)
    case 'quote':
      return element('blockquote', {}, ...block.blocks.map(draw))
    case 'table':
      return drawTable(block)
    case 'rule':
      return element('hr')
  }
}

/** It scrolls by itself, and so is reached by the keyboard. */
function drawCode(text: string): HTMLElement {
  const copy = element('button', { type: 'button', class: 'copy', 'aria-label': 'Copy code' }, icon('copy'))
  copy.addEventListener('click', () => {
    void navigator.clipboard?.writeText(text).then(
      () => copy.replaceChildren(icon('done')),
      () => {},
    )
  })
  const code = element('pre', { tabindex: '0' }, element('code', {}, text))
  return element('div', { class: 'code' }, code, copy)
}

function drawList({ isOrdered, start, items }: List): HTMLElement {
  const drawn = items.map(({ content, items: below }) =>
    element('li', {}, ...drawInline(content), ...(below ? [drawList(below)] : [])),
  )
  return isOrdered ? element('ol', { start: String(start) }, ...drawn) : element('ul', {}, ...drawn)
}

function drawTable({ head, rows, aligned }: Extract<Block, { kind: 'table' }>): HTMLElement {
  const at = (column: number) => ({ class: aligned[column] ?? 'start' })
  const top = element(
    'tr',
    {},
    ...head.map((cell, column) => element('th', { scope: 'col', ...at(column) }, ...drawInline(cell))),
  )
  const below = rows.map(row =>
    element(
      'tr',
      {},
      ...head.map((_, column) => element('td', at(column), ...drawInline(row[column] ?? []))),
    ),
  )
  const table = element('table', {}, element('thead', {}, top), element('tbody', {}, ...below))
  return element('div', { class: 'table', tabindex: '0' }, table)
}

function drawInline(content: readonly Inline[]): (Node | string)[] {
  return content.map(drawPart)
}

function drawPart(part: Inline): Node | string {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'code':
      return element('code', {}, part.text)
    case 'strong':
      return element('strong', {}, ...drawInline(part.content))
    case 'emphasis':
      return element('em', {}, ...drawInline(part.content))
    case 'struck':
      return element('s', {}, ...drawInline(part.content))
    case 'break':
      return element('br')
    case 'link': {
      const { href } = part
      const rel = 'noopener noreferrer nofollow ugc'
      return element('a', { href, rel, target: '_blank', title: href }, ...drawInline(part.content))
    }
  }
}
