import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Datatype, Signature, Tensor } from '@roundhouse/sdk/contract'
import fc from 'fast-check'
import { createNumberReader } from '../../kit/csv/bytes.ts'
import { cellsOf } from '../../kit/csv/csv-cells.ts'
import { createRecords } from '../../kit/csv/records.ts'
import { columnsOf } from './csv-header.ts'
import { createCsvRows } from './csv-rows.ts'
import { fieldOf } from './fields.ts'

type Spec = Signature['inputs'][number]

const spec = (name: string, datatype: Datatype, shape: (number | null)[]): Spec => ({ name, datatype, shape })

function read(text: string | Buffer, specs: readonly Spec[]) {
  const records = createRecords({ csv: true, from: { offset: 0, line: 1 } })
  records.push(Buffer.from(text))
  records.finish()
  records.next()
  const inputs = specs.map(fieldOf)
  const header = cellsOf(records.bytes, records.start, records.end) ?? []
  const reader = createCsvRows(inputs, columnsOf(header, inputs), 16)
  while (records.next()) reader.add(records.bytes, records.start, records.end, records.line, records.quoted)
  return reader.take()
}

const valuesOf = (tensors: readonly Tensor[]) =>
  tensors.map(({ name, shape, data }) => [name, shape.join(), ...Array.from(data as ArrayLike<unknown>)])

test('takes columns by name, in any order, and passes over those that the model has not', () => {
  const { tensors, bad } = read('id,x[1],n,x[0]\na,2,7,1\n"b",4,"8",3\n', [
    spec('x', 'FP32', [null, 2]),
    spec('n', 'INT64', [null]),
  ])
  assert.deepEqual(bad, [])
  assert.deepEqual(valuesOf(tensors), [
    ['x', '2,2', 1, 2, 3, 4],
    ['n', '2', 7n, 8n],
  ])
})

test('takes the columns of a single input in order, whatever they are called', () => {
  for (const header of ['width,height', '0,1', '1,2', 'x,y'])
    assert.deepEqual(valuesOf(read(`${header}\n3,4\n`, [spec('x', 'FP64', [null, 2])]).tensors), [
      ['x', '1,2', 3, 4],
    ])
})

test('one column holds an input of shape [N] or [N,1] by its name', () => {
  const { tensors } = read('b,a\n1,2\n', [spec('a', 'FP32', [null]), spec('b', 'FP32', [null, 1])])
  assert.deepEqual(valuesOf(tensors), [
    ['a', '1', 2],
    ['b', '1,1', 1],
  ])
})

test('reads every datatype by the rules of JSON', () => {
  const kinds: Datatype[] = ['BOOL', 'INT8', 'UINT64', 'FP16', 'BYTES', 'INT32', 'UINT8', 'FP64']
  const specs = kinds.map(kind => spec(kind.toLowerCase(), kind, [null]))
  const header = kinds.join().toLowerCase()
  const { tensors, bad } = read(
    `${header}\ntrue,-128,18446744073709551615,0.5, =é ,7.0,255,1e-3\nFALSE, 1 ,0,NaN,"a,""b""",-2147483648,0,-inf\n`,
    specs,
  )
  assert.deepEqual(bad, [])
  assert.deepEqual(valuesOf(tensors), [
    ['bool', '2', 1, 0],
    ['int8', '2', -128, 1],
    ['uint64', '2', 18446744073709551615n, 0n],
    ['fp16', '2', 0x3800, 0x7e00],
    ['bytes', '2', ' =é ', 'a,"b"'],
    ['int32', '2', 7, -2147483648],
    ['uint8', '2', 255, 0],
    ['fp64', '2', 0.001, -Infinity],
  ])
})

test('passes over rows that do not fit, with the line and the reason', () => {
  const file = Buffer.concat([
    Buffer.from('a,n\r\n1,2\r\nabc,2\r\n1\r\n\r\n1,2,3\r\n"1\n",2.5\r\n,2\r\n1e39,2\r\n"1"x,2\r\n"open,2'),
  ])
  const { bad, lines, rows } = read(file, [spec('a', 'FP32', [null]), spec('n', 'INT64', [null])])
  assert.deepEqual(lines, [2])
  assert.equal(rows, 9)
  const number = 'a number, "NaN", "Infinity" or "-Infinity"'
  const whole = 'an integer from -9223372036854775808 to 9223372036854775807, all digits written'
  const quotes = 'A quote is not closed, text follows a closing quote, or the text is not UTF-8.'
  assert.deepEqual(
    bad.map(({ line, reason }) => `${line}: ${reason}`),
    [
      `3: Column a: expected ${number}, got "abc".`,
      '4: Expected 2 columns, got 1.',
      '6: Expected 2 columns, got 3.',
      `7: Column n: expected ${whole}, got "2.5".`,
      `9: Column a: expected ${number}, got nothing.`,
      '10: Column a: expected a number in the range of FP32, got "1e39".',
      `11: ${quotes}`,
      `12: ${quotes}`,
    ].map(text => text),
  )
  assert.deepEqual(
    bad.map(({ index }) => index),
    [1, 2, 3, 4, 5, 6, 7, 8],
  )
})

test('text that is not UTF-8 makes a bad row', () => {
  const file = Buffer.concat([
    Buffer.from('t\nok\n'),
    Buffer.from([0x61, 0xff, 0x0a]),
    Buffer.from('\ufffd\n'),
  ])
  const { tensors, bad } = read(file, [spec('t', 'BYTES', [null])])
  assert.deepEqual(valuesOf(tensors), [['t', '2', 'ok', '\ufffd']])
  assert.deepEqual(bad, [{ index: 1, line: 3, reason: 'Column t: the text is not UTF-8.' }])
})

test('a first line that does not fit is refused with the columns expected', () => {
  const refusal = (header: string, specs: readonly Spec[]) => {
    try {
      read(`${header}\n`, specs)
    } catch (error) {
      return error instanceof Error ? error.message : ''
    }
    return 'taken'
  }
  const x = [spec('x', 'FP32', [null, 4])]
  assert.equal(
    refusal('a,b,c', x),
    'The first line must name the columns of the model: expected x[0] to x[3], or any 4 columns in the order of the input; got 3: "a", "b", "c".',
  )
  assert.match(refusal('0.1,0.2,0.3,0.4', x), /^The first line holds numbers/)
  assert.match(refusal('x[0],x[1],x[2],x[3],x[0]', x), /names the column "x\[0\]" twice/)
  assert.match(refusal('a', [...x, spec('n', 'INT64', [null])]), /expected x\[0\] to x\[3\], n; got 1/)
  assert.match(refusal('a', [spec('t', 'FP32', [null, null])]), /Send JSON lines/)
  assert.equal(refusal('x[3],x[1],x[2],x[0]', x), 'taken')
})

test('reads every decimal as the nearest double, or leaves it to the slow way', () => {
  const reader = createNumberReader()
  const check = (text: string) => {
    const bytes = Buffer.from(text)
    const value = reader.read(bytes, 0, bytes.length)
    if (!Number.isNaN(value) && reader.stop === bytes.length) assert.ok(Object.is(value, Number(text)), text)
    return value
  }
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), value => void check(String(value))),
  )
  fc.assert(
    fc.property(fc.integer(), fc.nat(), fc.integer({ min: -30, max: 30 }), (whole, part, exponent) => {
      check(`${whole}.${part}`)
      check(`${whole}.${part}e${exponent}`)
    }),
  )
  for (const text of ['0', '-0', '.5', '5.', '1e22', '123456789.25'])
    assert.ok(Object.is(check(text), Number(text)), text)
  for (const text of ['', '-', '.', 'e5', 'abc', '1e']) assert.ok(Number.isNaN(check(text)), text)
})
