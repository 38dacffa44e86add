import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { silentLog } from '../../kit/log.ts'
import type { ReadDocument } from '../../ports/document-reader.ts'
import { docxOf, docxParagraph, pdfOf, zipOf } from '../../testing/documents.ts'
import { csvBlocks } from './csv.ts'
import { kindOf } from './kind.ts'
import { markdownBlocks } from './markdown.ts'
import { createDocumentReader } from './reader.ts'

const reader = createDocumentReader({ log: silentLog, timeoutMs: 20_000, memoryBytes: 1e9 })
after(reader.close)
const forever = new AbortController().signal

function read(name: string, content: string | Uint8Array): Promise<ReadDocument> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return reader.read({ bytes, name, contentType: 'application/octet-stream' }, forever)
}

async function refused(name: string, content: string | Uint8Array, why: RegExp): Promise<void> {
  await assert.rejects(read(name, content), { code: 'document-unreadable', message: why }, name)
}

test('Markdown keeps its headings, lists, tables and code apart', async () => {
  const { kind, blocks } = await read(
    'a',
    '# Top #\n\nHello\nworld\n\nSub\n---\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\n# no\n\nheading\n```\n',
  )
  assert.equal(kind, 'markdown')
  assert.deepEqual(
    blocks.map(({ text, heading, columns, firstLine, lastLine }) => [
      text,
      heading ?? columns,
      firstLine,
      lastLine,
    ]),
    [
      ['Top', 1, 1, 1],
      ['Hello\nworld', undefined, 3, 4],
      ['Sub', 2, 6, 7],
      ['- one', undefined, 8, 8],
      ['- two', undefined, 9, 9],
      ['| 1 | 2 |', '| a | b |', 13, 13],
      ['```\n# no\n\nheading\n```', undefined, 15, 19],
    ],
  )
})

test('rows of CSV are read with commas, semicolons and tabs', async () => {
  for (const text of ['a,b\n"1,5",x\n', 'a;b\n1,5;x\n', 'a\tb\n1,5\tx\n']) {
    const { kind, blocks } = await read('rows.csv', text)
    assert.deepEqual(
      [kind, blocks],
      ['csv', [{ text: '1,5 | x', columns: 'a | b', firstLine: 2, lastLine: 2 }]],
    )
  }
})

test('old encodings are read, and bytes that are no text are not', async () => {
  assert.equal((await read('a.txt', Buffer.from('caf\xe9', 'latin1'))).blocks[0]?.text, 'café')
  assert.equal((await read('a.txt', Buffer.from('\ufeffcafé', 'utf16le'))).blocks[0]?.text, 'café')
  await refused('a.txt', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0]), /neither text/)
  await refused('a.zip', zipOf([{ name: 'a.txt', content: 'a' }]), /another archive/)
  await refused('a.txt', '', /empty/)
  await refused('a.txt', ' \n\t', /no text in it/)
})

test('what the name says counts for nothing against the bytes', async () => {
  assert.equal((await read('a.txt', pdfOf(['Hello']))).kind, 'pdf')
  assert.equal((await read('a.pdf', 'plain')).kind, 'text')
})

test('tables and lists of DOCX and HTML are lines of text', async () => {
  const cell = (text: string) => `<w:tc>${docxParagraph(text)}</w:tc>`
  const table = `<w:tbl><w:tr>${cell('a')}${cell('b')}</w:tr></w:tbl>`
  const docx = await read('a', docxOf(docxParagraph('Title', 1) + table))
  assert.deepEqual(docx.blocks, [{ text: 'Title', heading: 1 }, { text: 'a | b' }])
  const html = await read('a', '<html><h2>T</h2><table><tr><td><p>1</p>x<td>2</table><ul><li>q</ul>')
  assert.deepEqual(html.blocks, [{ text: 'T', heading: 2 }, { text: '1 x | 2' }, { text: '* q' }])
})

test('a document that takes too long or was given up ends alone', async () => {
  const deep = `<html>${'<div>'.repeat(150_000)}x`
  const hasty = createDocumentReader({ log: silentLog, timeoutMs: 300, memoryBytes: 1e9 })
  const bytes = Buffer.from(deep)
  const document = { bytes, name: 'a', contentType: '' }
  await assert.rejects(hasty.read(document, forever), {
    code: 'document-unreadable',
    message: /longer than 0.3 s/,
  })
  const stop = new AbortController()
  const reading = hasty.read(document, stop.signal)
  stop.abort(new Error('given up'))
  await assert.rejects(reading, { message: 'given up' })
  await hasty.close()
})

test('a document that takes too much memory is given up', async () => {
  const small = createDocumentReader({ log: silentLog, timeoutMs: 20_000, memoryBytes: 20e6 })
  const document = { bytes: Buffer.from('<html>x'), name: 'a', contentType: '' }
  await assert.rejects(small.read(document, forever), { message: /more than 20 MB/ })
  await small.close()
})

test('texts that are made to keep a pattern looking are read in one pass', () => {
  // By patterns that look again and again the first would take more years than there were, each other some hours.
  const comments = Buffer.from('<!---->'.repeat(500))
  assert.equal(kindOf({ bytes: comments, name: 'a', contentType: '' }).kind, 'text')
  const page = Buffer.from(`${'<!-- x -->\n'.repeat(9)}<html>`)
  assert.equal(kindOf({ bytes: page, name: 'a', contentType: '' }).kind, 'html')
  const wide = ' '.repeat(2_000_000)
  assert.equal(markdownBlocks(`#${wide}x${wide}\u2028`)[0]?.heading, 1)
  assert.equal(markdownBlocks(`a|b\n-${wide}|x`).length, 2)
  const long = 'x'.repeat(1_000_000)
  assert.equal(csvBlocks(`a;b\n${long}`).length, 1)
})

test('the names of wide columns are not sent with each of many rows', async () => {
  const columns = `${'n'.repeat(40_000)},b`
  const { blocks } = await read('rows.csv', `${columns}\n${'1,2\n'.repeat(30_000)}`)
  assert.equal(blocks.length, 30_000)
  assert.deepEqual([...new Set(blocks.map(block => block.columns))], [columns.replace(',', ' | ')])
})

test('a document of more paragraphs than it may have is refused', async () => {
  await refused('a.txt', 'a\n\n'.repeat(250_001), /250001 paragraphs and rows/)
})
