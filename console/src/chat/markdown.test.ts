import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Block, type Inline, parseMarkdown } from './markdown.ts'

const blocks = (text: string): Block[] => parseMarkdown(text).map(({ block }) => block)

/** As text, links as `label<address>`. */
function shown(content: readonly Inline[]): string {
  return content
    .map(part => {
      if (part.kind === 'break') return '⏎'
      if (part.kind === 'link') return `${shown(part.content)}<${part.href}>`
      if ('content' in part) return `${part.kind}(${shown(part.content)})`
      return part.kind === 'code' ? `{${part.text}}` : part.text
    })
    .join('')
}

function line(text: string): string {
  const [block] = blocks(text)
  assert.equal(block?.kind, 'paragraph', text)
  return block.kind === 'paragraph' ? shown(block.content) : ''
}

test('answers are read as headings, lists, code, quotes, tables and paragraphs', () => {
  const text =
    '# Price\nIt is **12**.\n\n- one\n  - deep\n- two\n\n3. third\n4. fourth\n\n```ts\nconst a = 1\n\n**b**\n```\n> said\n> so\n\n| a | b |\n|---|:-:|\n| 1 | `x` |\n\n---\nend'
  assert.deepEqual(
    blocks(text).map(({ kind }) => kind),
    ['heading', 'paragraph', 'list', 'list', 'code', 'quote', 'table', 'rule', 'paragraph'],
  )
  const [, , plain, numbered, code, , table] = blocks(text)
  assert.ok(plain?.kind === 'list' && plain.list.items.length === 2)
  assert.equal(plain.list.items[0]?.items?.items.length, 1)
  assert.ok(numbered?.kind === 'list' && numbered.list.isOrdered && numbered.list.start === 3)
  assert.ok(code?.kind === 'code' && code.text === 'const a = 1\n\n**b**')
  assert.ok(table?.kind === 'table' && table.head.length === 2 && table.rows.length === 1)
})

test('words are marked as they are meant, and names with underscores stay whole', () => {
  assert.equal(line('a **b *c* d** e'), 'a strong(b emphasis(c) d) e')
  assert.equal(line('`**x**` and ~~y~~'), '{**x**} and struck(y)')
  assert.equal(line('snake_case_name and 2 * 3 * 4'), 'snake_case_name and 2 * 3 * 4')
  assert.equal(line('\\*no\\*'), '*no*')
  assert.equal(line('a  \nb'), 'a⏎b')
})

test('links are whole web addresses and nothing else', () => {
  assert.equal(line('[a](https://example.com/x)'), 'a<https://example.com/x>')
  assert.equal(line('see https://example.com/x.'), 'see https://example.com/x<https://example.com/x>.')
  assert.equal(line('[a](https://en.wikipedia.org/wiki/A_(b))'), 'a<https://en.wikipedia.org/wiki/A_(b)>')
  for (const address of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    '//evil.test/x',
    '/path',
    'mailto:a@example.com',
    'https://www.example.com@evil.test/',
    'https:evil.test',
  ])
    assert.ok(!line(`[a](${address})`).includes('<'), address)
})

test('a picture is a link that loads nothing, and HTML is text', () => {
  assert.equal(line('![cat](https://evil.test/?q=secret)'), 'cat<https://evil.test/?q=secret>')
  assert.equal(line('![](https://evil.test/)'), 'Picture<https://evil.test/>')
  assert.equal(line('<img src=x onerror=alert(1)>'), '<img src=x onerror=alert(1)>')
  assert.equal(line('[![a](https://evil.test/i)](https://evil.test/)').includes('kind'), false)
})

test('what is not finished yet is shown, and what was read before stays the same', () => {
  const whole = 'One.\n\n- a\n- b\n\n```\ncode'
  for (let length = 1; length <= whole.length; length += 1) parseMarkdown(whole.slice(0, length))
  assert.deepEqual(parseMarkdown(whole)[0], parseMarkdown('One.\n\n- a')[0])
  const [, , code] = blocks(whole)
  assert.ok(code?.kind === 'code' && code.text === 'code')
})

test('hostile text takes no time', () => {
  const started = performance.now()
  for (const text of [
    '[',
    '![',
    '**',
    '**a ',
    '*a ',
    '_a ',
    '[a](b',
    'https://a',
    '*',
    '_',
    '`',
    '<',
    '> ',
    '- ',
    '|',
    '~~',
    '(',
    '[a](',
    'https://',
  ])
    parseMarkdown(text.repeat(20_000))
  parseMarkdown(`${'> '.repeat(5000)}deep`)
  const spaces = ' '.repeat(20_000)
  for (const text of [
    `# ${spaces}x${spaces}y`,
    `# a${' #'.repeat(20_000)}x`,
    `a|\n${spaces}x`,
    `a${spaces}b\n`,
  ])
    parseMarkdown(text)
  parseMarkdown(Array.from({ length: 3000 }, (_, index) => `${' '.repeat(index)}- x`).join('\n'))
  assert.ok(performance.now() - started < 5000)
})
