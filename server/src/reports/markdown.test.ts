import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMarkdown, readPlain } from './markdown.ts'

const paragraph = (...runs: object[]) => ({ kind: 'paragraph', runs })

test('emphasis, code, strike-through and links of a line become runs of text', () => {
  assert.deepEqual(
    readMarkdown('a **b** *c* ***d*** `e*f*` ~~g~~ [h](https://i.org/j_k_l) ![m](n.png) <https://o.org>'),
    [
      paragraph(
        { text: 'a ' },
        { text: 'b', strong: true },
        { text: ' ' },
        { text: 'c', emphasis: true },
        { text: ' ' },
        { text: 'd', strong: true, emphasis: true },
        { text: ' ' },
        { text: 'e*f*', code: true },
        { text: ' ' },
        { text: 'g', strike: true },
        { text: ' ' },
        { text: 'h', address: 'https://i.org/j_k_l' },
        { text: ' ' },
        { text: '[m]', address: 'n.png' },
        { text: ' https://o.org' },
      ),
    ],
  )
})

test('what only looks like emphasis is printed as it was typed', () => {
  for (const text of [
    '5 * 3 * 4',
    'snake_case_name',
    '** no **',
    '2 < 3 > 1',
    'a*',
    '`',
    '[x] (y)',
    '<b>html</b>',
    '#tag',
    '1.5',
  ])
    assert.deepEqual(readMarkdown(text), [paragraph({ text })], text)
  assert.deepEqual(readMarkdown('\\*plain\\* \\_'), [paragraph({ text: '*plain* _' })])
})

test('code keeps its lines and its columns: tabs become spaces, nothing in it is read', () => {
  assert.deepEqual(readMarkdown('```python\nif x:\n\ty = "**z**"\n  \ta\n\n# c\n```\nafter'), [
    { kind: 'code', language: 'python', lines: ['if x:', '    y = "**z**"', '    a', '', '# c'] },
    paragraph({ text: 'after' }),
  ])
  assert.deepEqual(readMarkdown('````\n```\n````'), [{ kind: 'code', language: '', lines: ['```'] }])
  assert.deepEqual(readMarkdown('```\nno end'), [{ kind: 'code', language: '', lines: ['no end'] }])
})

test('lists nest, keep their first number and hold code and paragraphs', () => {
  assert.deepEqual(readMarkdown('3. a\n   - b\n     c\n4. d\n\n   e\n   ```\n   \tf\n   ```\n\nend'), [
    {
      kind: 'list',
      start: 3,
      items: [
        [paragraph({ text: 'a' }), { kind: 'list', items: [[paragraph({ text: 'b\nc' })]] }],
        [
          paragraph({ text: 'd' }),
          paragraph({ text: 'e' }),
          { kind: 'code', language: '', lines: ['    f'] },
        ],
      ],
    },
    paragraph({ text: 'end' }),
  ])
})

test('tables, headings, quotes and rules are read', () => {
  assert.deepEqual(
    readMarkdown('## A\ntext\n| a | b |\n|:--|--:|\n| 1 | `x\\|y` |\n| 2 |\n\n> q\n> - r\n\n---'),
    [
      { kind: 'heading', level: 2, runs: [{ text: 'A' }] },
      paragraph({ text: 'text' }),
      {
        kind: 'table',
        aligns: ['left', 'right'],
        head: [[{ text: 'a' }], [{ text: 'b' }]],
        rows: [
          [[{ text: '1' }], [{ text: 'x|y', code: true }]],
          [[{ text: '2' }], []],
        ],
      },
      {
        kind: 'quote',
        blocks: [paragraph({ text: 'q' }), { kind: 'list', items: [[paragraph({ text: 'r' })]] }],
      },
      { kind: 'rule' },
    ],
  )
})

test('of a plain text only fences are read', () => {
  assert.deepEqual(readPlain('*a*\n\tb\n\n- c\n```\nd\n```'), [
    paragraph({ text: '*a*\n    b' }),
    paragraph({ text: '- c' }),
    { kind: 'code', language: '', lines: ['d'] },
  ])
})

test('no letter is lost, however marks are mixed', () => {
  const letters = (value: unknown): string =>
    typeof value === 'object' && value !== null
      ? Object.entries(value)
          .map(([key, each]) => (key === 'kind' || key === 'aligns' ? '' : letters(each)))
          .join('')
      : String(value)
  const marks = [
    '*',
    '**',
    '_',
    '`',
    '~~',
    '[',
    '](',
    ')',
    '<',
    '>',
    '|',
    '\n',
    '\n- ',
    '\n> ',
    '\n# ',
    '\n\n',
    ' ',
    '\\',
    '#',
  ]
  let seed = 7
  const pick = (most: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % most
  }
  for (let round = 0; round < 3000; round++) {
    let text = ''
    for (let index = 0; index < 12; index++) text += `${marks[pick(marks.length)]}x${index}y`
    const printed = letters(readMarkdown(text))
    for (let index = 0; index < 12; index++) assert.ok(printed.includes(`x${index}y`), JSON.stringify(text))
  }
})

test('lists and quotes nest to a bound, so that no text makes the reading deep', () => {
  const deep = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(deep)) : 0
  assert.ok(deep(readMarkdown('> '.repeat(5000))) < 40)
  assert.ok(
    deep(readMarkdown(Array.from({ length: 300 }, (_, at) => `${' '.repeat(at * 2)}- x`).join('\n'))) < 40,
  )
})
