import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import { cellsOf } from './csv-cells.ts'
import { createRecords, longestRecordBytes } from './records.ts'

type Found = { line: number; text: string; tooLong: boolean }

/** Given in pieces of so many bytes. */
function read(text: string | Buffer, pieceBytes: number, csv = true): Found[] {
  const bytes = Buffer.from(text)
  const records = createRecords({ csv, from: { offset: 0, line: 1 } })
  const found: Found[] = []
  const take = () => {
    while (records.next()) {
      const { line, tooLong, start, end } = records
      found.push({ line, tooLong, text: tooLong ? '' : records.bytes.toString('utf8', start, end) })
    }
  }
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    records.push(bytes.subarray(at, at + pieceBytes))
    take()
  }
  records.finish()
  take()
  return found
}

const linesOf = (found: readonly Found[]) => found.map(({ line, text }) => `${line}: ${text}`)

for (const pieceBytes of [1, 2, 7, 1000])
  test(`counts lines as an editor does, with the file in pieces of ${pieceBytes} bytes`, () => {
    const file = '\ufeffa,b\r\n1,2\r\n\r\n"x\ny\nz",3\n  \n"say ""hi""\n",4\n5,6'
    assert.deepEqual(linesOf(read(file, pieceBytes)), [
      '1: a,b',
      '2: 1,2',
      '4: "x\ny\nz",3',
      '8: "say ""hi""\n",4',
      '10: 5,6',
    ])
  })

test('takes a quote in JSON lines for what it is', () => {
  assert.deepEqual(linesOf(read('{"a":"b\n{"c":1}\n\n[1]\n', 3, false)), [
    '1: {"a":"b',
    '2: {"c":1}',
    '4: [1]',
  ])
})

test('refuses a row of more than 1 MB by its line, and goes on with the next', () => {
  const long = 'x'.repeat(longestRecordBytes + 1)
  for (const pieceBytes of [64 * 1024, 3_000_000])
    assert.deepEqual(read(`a\n${long}\nb\n${long.slice(1)}\n`, pieceBytes), [
      { line: 1, text: 'a', tooLong: false },
      { line: 2, text: '', tooLong: true },
      { line: 3, text: 'b', tooLong: false },
      { line: 4, text: long.slice(1), tooLong: false },
    ])
})

test('a quote that is never closed costs one row of 1 MB, and the lines after it are counted right', () => {
  const lines = 'some,row\n'.repeat(200_000)
  const found = read(`"open,1\n${lines}`, 256 * 1024)
  assert.deepEqual([found[0]?.line, found[0]?.tooLong], [1, true])
  assert.ok((found[1]?.line ?? 0) > 116_000, `${found[1]?.line}`)
  assert.equal(found.at(-1)?.line, 200_001)
  assert.ok(found.slice(1).every(({ text }) => text === 'some,row'))
})

test('begins anew where a record began, with the same line', () => {
  const bytes = Buffer.from('a,b\n1,"2\n3"\n4,5\n6,7\n')
  const records = createRecords({ csv: true, from: { offset: 0, line: 1 } })
  records.push(bytes)
  records.next()
  records.next()
  const from = records.position()
  assert.deepEqual(from, { offset: 12, line: 4 })
  const later = createRecords({ csv: true, from })
  later.push(bytes.subarray(from.offset))
  later.next()
  assert.equal(later.line, 4)
  assert.deepEqual(later.position(), { offset: 16, line: 5 })
})

test('reads what csv-stringify writes as csv-parse does, in pieces of any size', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' ', 'é', '1', '.'), maxLength: 6 })
  const table = fc
    .integer({ min: 2, max: 4 })
    .chain(columns =>
      fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 8 }),
    )
  fc.assert(
    fc.property(table, fc.integer({ min: 1, max: 40 }), fc.boolean(), (rows, pieceBytes, crlf) => {
      const text = stringify(rows, { quoted: true, record_delimiter: crlf ? 'windows' : 'unix' })
      const expected = parse(text, { info: true, record_delimiter: crlf ? '\r\n' : '\n' }) as unknown as {
        record: string[]
      }[]
      const found = read(text, pieceBytes).map(({ text: record }) => {
        const bytes = Buffer.from(record)
        return cellsOf(bytes, 0, bytes.length)
      })
      assert.deepEqual(
        found,
        expected.map(({ record }) => record),
      )
    }),
  )
})
