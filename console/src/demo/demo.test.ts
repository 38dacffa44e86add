import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exampleGrid, exampleJson, exampleValue } from './example.ts'
import { gridJson, isGrid } from './grid.ts'
import { literalOf } from './literal.ts'
import { isTable, isVector, readOutputs, shown, squeezed } from './output.ts'
import { snippets } from './snippets.ts'

test('values keep every digit, and what is none is said', () => {
  assert.equal(literalOf('INT64', ' +9007199254740993 '), '9007199254740993')
  assert.equal(literalOf('FP32', '1e-3'), '0.001')
  assert.equal(literalOf('FP32', '-inf'), '"-Infinity"')
  assert.equal(literalOf('BOOL', 'True'), 'true')
  assert.equal(literalOf('BYTES', 'a "b"'), '"a \\"b\\""')
  for (const [dtype, text] of [
    ['INT8', '1.5'],
    ['FP32', 'abc'],
    ['BOOL', 'maybe'],
    ['UINT8', ''],
  ] as const)
    assert.throws(() => literalOf(dtype, text), Error)
})

test('lines of values, with names above or not, are the array of a tensor', () => {
  const wide = { dtype: 'FP32', shape: [null, 2] } as const
  assert.equal(gridJson({ ...wide, shape: [null, 2] }, 'a,b\n1,2\r\n3;4\n\n5\t6'), '[[1,2],[3,4],[5,6]]')
  assert.equal(gridJson({ dtype: 'INT32', shape: [null] }, '1 2\n3'), '[1,2,3]')
  assert.equal(gridJson({ dtype: 'FP32', shape: [null, 2, 2] }, '1,2\n3,4'), '[[[1,2],[3,4]]]')
  assert.equal(gridJson({ dtype: 'BYTES', shape: [null, 2] }, 'x,"a, ""b"""'), '[["x","a, \\"b\\""]]')
  assert.throws(
    () => gridJson({ ...wide, shape: [null, 2] }, '1,2\n3'),
    /Line 2: There are 1 values where 2 belong/,
  )
  assert.throws(() => gridJson({ ...wide, shape: [null, 2] }, '1,2\n3,x'), /Line 2: "x" is not a number/)
  assert.throws(() => gridJson({ ...wide, shape: [null, 2] }, ' \n'), /no value/)
  assert.ok(isGrid([null, 1, 3, 4]))
  assert.ok(!isGrid([2, 3, 4]))
})

test('the example is one that the model takes', () => {
  for (const dtype of ['FP32', 'INT64', 'BOOL', 'BYTES'] as const) {
    for (const shape of [[null], [7], [null, 64], [null, 24, 3]])
      assert.ok(JSON.parse(gridJson({ dtype, shape }, exampleGrid({ dtype, shape }))))
    assert.ok(literalOf(dtype, exampleValue({ dtype }, 0)))
  }
  assert.equal(JSON.parse(exampleJson({ dtype: 'FP32', shape: [2, 3, 4] }))[1][2].length, 4)
})

test('what comes back is read with every digit and shown as what it is', () => {
  const text =
    '{"output_data":{"id":[9007199254740993],"p":[[0.1,0.25]]},"inference_time_ms":0.2,"cached":true}'
  const { outputs, isCached } = readOutputs(text)
  assert.equal(isCached, true)
  assert.equal(squeezed(outputs.id ?? null), '9007199254740993')
  assert.ok(isVector(squeezed(outputs.p ?? null)))
  assert.ok(
    isTable([
      [1, 2],
      [3, 4],
    ]),
  )
  assert.ok(!isTable([[1, 2], [3]]))
  assert.deepEqual([shown(0.123456789), shown(3), shown(1.5e-9)], ['0.123457', '3', '1.50000e-9'])
})

test('the same call in other languages says what is sent', () => {
  const call = { origin: 'https://house.example', id: 'the-id', input: '{"x":"it\'s"}', isOpen: false }
  const { curl, TypeScript, Python } = snippets(call)
  assert.match(curl ?? '', /-d '\{"input_data":\{"x":"it'\\''s"\}\}'/)
  assert.match(TypeScript ?? '', /predict\('the-id', \{"x":"it's"\}\)/)
  assert.match(Python ?? '', /Bearer/)
  assert.ok(
    !Object.values(snippets({ ...call, isOpen: true }))
      .join()
      .includes('KEY'),
  )
})
