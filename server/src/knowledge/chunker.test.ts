import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Block } from '../ports/document-reader.ts'
import { chunksOf } from './chunker.ts'

const sizes = { chunk_size: 200, chunk_overlap: 0 }
const words = (count: number, word = 'word') => Array.from({ length: count }, () => word).join(' ')

test('paragraphs of a section stand together as far as they fit, below the path of their headings', () => {
  const chunks = chunksOf(
    [
      { text: 'Guide', heading: 1 },
      { text: 'Hello.', firstLine: 2, lastLine: 2 },
      { text: 'World.', firstLine: 4, lastLine: 5 },
      { text: 'Deep', heading: 3 },
      { text: words(30), firstLine: 7, lastLine: 7 },
      { text: words(30, 'text'), firstLine: 9, lastLine: 9 },
      { text: 'Other', heading: 1 },
      { text: 'End.', firstLine: 11, lastLine: 11 },
    ],
    sizes,
  )
  assert.deepEqual(
    chunks.map(({ text, headings, first_line, last_line }) => [
      text.slice(0, 14),
      headings,
      first_line,
      last_line,
    ]),
    [
      ['Hello.\n\nWorld.', ['Guide'], 2, 5],
      ['word word word', ['Guide', 'Deep'], 7, 7],
      ['text text text', ['Guide', 'Deep'], 9, 9],
      ['End.', ['Other'], 11, 11],
    ],
  )
})

test('every chunk of a table begins with the names of its columns', () => {
  const rows = Array.from({ length: 30 }, (_, n): Block => {
    const line = n + 2
    return { text: `row ${n} | value`, columns: 'name | value', firstLine: line, lastLine: line }
  })
  const chunks = chunksOf(rows, sizes)
  assert.ok(chunks.length > 2)
  for (const { text } of chunks) assert.match(text, /^name \| value\nrow /)
  assert.deepEqual([chunks[0]?.first_line, chunks.at(-1)?.last_line], [2, 31])
  assert.equal(chunks.flatMap(({ text }) => text.split('\n').slice(1)).length, 30, 'each row once')
})

test('a chunk is of one page', () => {
  const chunks = chunksOf(
    [
      { text: 'One.', page: 1 },
      { text: 'Two.', page: 2 },
      { text: 'Too.', page: 2 },
    ],
    { chunk_size: 200, chunk_overlap: 100 },
  )
  assert.deepEqual(
    chunks.map(({ text, page }) => [text, page]),
    [
      ['One.', 1],
      ['Two.\n\nToo.', 2],
    ],
  )
})

test('what is too long is cut at the end of a sentence, and goes on with the last sentences of before', () => {
  const sentence = (n: number) => `This is the sentence with the number ${n}.`
  const text = Array.from({ length: 20 }, (_, n) => sentence(n)).join(' ')
  const chunks = chunksOf([{ text }], { chunk_size: 200, chunk_overlap: 60 })
  for (const { text } of chunks) assert.match(text, /^This.*\d\.$/s)
  const [first = '', second = ''] = chunks.map(({ text }) => text)
  assert.ok(second.startsWith(first.slice(first.lastIndexOf('This'))), second)
})

test('a document of headings alone is found by them', () => {
  assert.deepEqual(
    chunksOf([{ text: 'Only this', heading: 2 }], sizes).map(({ text }) => text),
    ['Only this'],
  )
})

test('no chunk is larger than it may be, and without overlap no letter is lost or told twice', () => {
  const block = fc.record(
    {
      text: fc.string({ unit: 'grapheme', maxLength: 900 }).map(text => text.trim()),
      columns: fc.constantFrom('a | b', 'c'),
      page: fc.integer({ min: 1, max: 3 }),
    },
    { requiredKeys: ['text'] },
  )
  const letters = (texts: readonly string[]) => texts.join('').replaceAll(/\s/gu, '')
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 20 }),
      fc.integer({ min: 0, max: 100 }),
      (blocks, chunk_overlap) => {
        const full = blocks.filter(({ text }) => text !== '')
        for (const { text } of chunksOf(full, { chunk_size: 200, chunk_overlap })) {
          assert.ok(text.length <= 200, String(text.length))
          assert.ok(text.isWellFormed() || full.some(each => !each.text.isWellFormed()))
        }
        const plain = full.map(({ columns: _, ...rest }) => rest)
        assert.equal(
          letters(chunksOf(plain, sizes).map(({ text }) => text)),
          letters(plain.map(({ text }) => text)),
        )
      },
    ),
    { numRuns: 200 },
  )
})

test('tables without number, each of its own columns, are cut', () => {
  const rows = Array.from({ length: 150_000 }, (_, n): Block => ({ text: 'x', columns: `${n % 2}` }))
  assert.equal(chunksOf(rows, sizes).length, 150_000)
})
