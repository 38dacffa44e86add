import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tensor } from '@roundhouse/sdk/contract'
import { fieldOf } from './fields.ts'
import { csvText, jsonText } from './result-text.ts'

const y: Tensor = {
  name: 'y',
  datatype: 'FP32',
  shape: [2, 2],
  data: Float32Array.of(0.1, Number.NaN, -2, 3),
}
const label: Tensor = { name: 'label', datatype: 'BYTES', shape: [2], data: ['=1+1', 'a "b", c'] }
const count: Tensor = { name: 'count', datatype: 'INT64', shape: [2], data: BigInt64Array.of(2n ** 60n, -1n) }
const cube: Tensor = { name: 'cube', datatype: 'BOOL', shape: [2, 1, 2], data: Uint8Array.of(1, 0, 0, 1) }
const all = [y, label, count, cube]
const fields = all.map(({ name, datatype, shape }) =>
  fieldOf({ name, datatype, shape: [null, ...shape.slice(1)] }),
)

test('columns are named like the outputs, and no text begins a formula', () => {
  const text = csvText(fields, [2, 1, 1, 2])
  assert.equal(text.head, 'y[0],y[1],label,count,cube[0],cube[1]\n')
  assert.deepEqual(text.rows(all, 2), [
    "0.1,NaN,'=1+1,1152921504606846976,true,false",
    '-2,3,"a ""b"", c",-1,false,true',
  ])
  assert.equal(text.bad, ',,,,,')
})

test('numbers below zero are no formulas', () => {
  const text = csvText(fields.slice(2, 3), [1])
  assert.deepEqual(text.rows([count], 2), ['1152921504606846976', '-1'])
})

test('a bad row of a single column is a record too, not an empty line', () => {
  assert.equal(csvText(fields.slice(2, 3), [1]).bad, '""')
})

test('lines of JSON hold the value of one row for each output', () => {
  const text = jsonText(fields)
  assert.equal(text.head, '')
  const rows = text.rows(all, 2).map(row => row)
  assert.deepEqual(rows, [
    '{"y":[0.1,"NaN"],"label":"=1+1","count":1152921504606846976,"cube":[[true,false]]}',
    '{"y":[-2,3],"label":"a \\"b\\", c","count":-1,"cube":[[false,true]]}',
  ])
  assert.equal(text.bad, '{"y":null,"label":null,"count":null,"cube":null}')
})

test('rows of different sizes are refused in columns, with the way out', () => {
  const field = fieldOf({ name: 'y', datatype: 'FP32', shape: [null] })
  const free: Tensor = { name: 'y', datatype: 'FP32', shape: [3], data: Float32Array.of(1, 2, 3) }
  assert.throws(() => csvText([field], [1]).rows([free], 1), /Ask for output=jsonl/)
  assert.deepEqual(jsonText([field]).rows([free], 1), ['{"y":[1,2,3]}'])
})
