import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TensorSpecBody } from '@roundhouse/sdk/contract'
import { examplesOf } from './example.ts'
import { gridJson, gridText, isGrid } from './grid.ts'
import { imageOf, pointsOf, rangesOf, valuesOf } from './image.ts'
import { labelsOf } from './labels.ts'
import { literalOf } from './literal.ts'
import { languages, snippet } from './snippets.ts'
import { columnsOf, tableJson, tableText } from './table.ts'
import { cellsOf, isTable, isVector, readPrediction, readRaw, shown, squeezed } from './values.ts'

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

test('the example is the one that the model brings, else one that it takes', () => {
  for (const dtype of ['FP32', 'INT64', 'BOOL', 'BYTES'] as const)
    for (const shape of [[], [null], [7], [null, 64], [null, 24, 3], [2, 3, 4]]) {
      const { x = null } = examplesOf([{ name: 'x', dtype, shape }])
      const { x: given } = examplesOf([{ name: 'x', dtype, shape }], {
        properties: { example_input: JSON.stringify(cellsOf(x)) },
      })
      assert.deepEqual(given, x)
      for (const cell of cellsOf(x)) assert.ok(literalOf(dtype, String(cell)))
      if (isGrid(shape)) assert.deepEqual(JSON.parse(gridJson({ dtype, shape }, gridText(x))), x)
    }
  const pair = [
    { name: 'a', dtype: 'FP32' as const, shape: [null, 2] },
    { name: 'b', dtype: 'BYTES' as const, shape: [null] },
  ]
  const brought = { a: [[7, 8]], b: ['x'] }
  const metadata = { properties: { example_input: JSON.stringify(brought) } }
  assert.deepEqual(examplesOf(pair, metadata), brought)
  assert.deepEqual(examplesOf(pair.slice(0, 1), { properties: { example_input: '[1,2,3]' } }), {
    a: [[1, 1.64]],
  })
})

test('a sample per line is the batch of all inputs, its columns by name or in order', () => {
  const inputs = [
    { name: 'a', dtype: 'FP32' as const, shape: [null, 2] },
    { name: 'b', dtype: 'INT64' as const, shape: [null] },
  ]
  const wanted = '{"a":[[1,2],[3,4]],"b":[9007199254740993,6]}'
  assert.equal(tableJson(inputs, '1,2,9007199254740993\n3;4;6'), wanted)
  assert.equal(tableJson(inputs, 'b,a[1],a[0]\n9007199254740993,2,1\n6,4,3'), wanted)
  assert.equal(tableJson(inputs, 'left,right,count\n1,2,9007199254740993\n3,4,6'), wanted)
  assert.equal(
    tableText(inputs, { a: [[1, 2]], b: ['9007199254740993'] }),
    'a[0], a[1], b\n1, 2, 9007199254740993',
  )
  assert.throws(
    () => tableJson(inputs, 'a[0],a[1],b\n1,2,3\n1,2'),
    /Line 3: There are 2 values where 3 belong/,
  )
  assert.throws(() => tableJson(inputs, '1,2,x'), /Line 1: "x" is not a whole number/)
  assert.equal(columnsOf([{ name: 'x', dtype: 'FP32', shape: [2, 2] }]), undefined)
})

test('a picture becomes the values that the model expects, and they become the picture again', () => {
  assert.deepEqual(imageOf([null, 64]), { width: 8, height: 8, channels: 1, isPlanes: true })
  assert.deepEqual(imageOf([null, 3, null, null]), { width: 224, height: 224, channels: 3, isPlanes: true })
  assert.deepEqual(imageOf([1, 32, 48, 3]), { width: 48, height: 32, channels: 3, isPlanes: false })
  for (const shape of [[null, 4], [null, 63], [null, 2, 8, 8], [64], [5, 1, 28, 28]])
    assert.equal(imageOf(shape), undefined)
  const points = Uint8ClampedArray.from({ length: 8 * 8 * 4 }, (_, at) =>
    at % 4 === 3 ? 255 : (at * 7) % 256,
  )
  for (const { shape, name } of [
    { shape: [1, 3, 8, 8], name: 'ImageNet, normalised' as const },
    { shape: [1, 8, 8, 3], name: '-1 to 1' as const },
  ]) {
    const [layout, range] = [imageOf(shape), rangesOf(1)[name]]
    assert.ok(layout && range)
    const scale = { layout, range, isWhole: false }
    assert.deepEqual(pointsOf(valuesOf(points, scale), scale), points)
  }
  const [grey, range] = [imageOf([1, 64]), rangesOf(16)['0 to 16']]
  assert.ok(grey && range)
  const white = new Uint8ClampedArray(256).fill(255)
  assert.equal(valuesOf(white, { layout: grey, range, isWhole: true })[5], 16)
  const inkIsHigh = { low: range.high, high: range.low }
  assert.equal(valuesOf(white, { layout: grey, range: inkIsHigh, isWhole: true })[5], 0)
})

test('classes have the names that the model brings', () => {
  for (const [name, text] of [
    ['labels', '["cat","dog"]'],
    ['names', "{0: 'cat', 1: 'dog'}"],
    ['classes', 'cat, dog'],
    ['id2label', '{"0":"cat","1":"dog"}'],
  ] as const)
    assert.deepEqual(labelsOf({ properties: { [name]: text } }), ['cat', 'dog'])
  assert.deepEqual(labelsOf({}), [])
})

test('what comes back is read with every digit and shown as what it is', () => {
  const text =
    '{"output_data":{"id":[9007199254740993],"p":[[0.1,0.25]]},"inference_time_ms":0.2,"cached":true}'
  const { outputs, isCached } = readPrediction(text)
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

test('what is written again keeps every digit', () => {
  const text = '{"id":[9007199254740993,1],"p":[0.1]}'
  assert.equal(JSON.stringify(readRaw(text)), text)
})

test('the same call in other languages says what is sent', () => {
  const model = {
    id: 'the-id',
    name: 'words',
    version: '2',
    inputs: [
      { name: 'x', dtype: 'BYTES', shape: [null] },
      { name: 'n', dtype: 'INT64', shape: [null, 2] },
    ] satisfies TensorSpecBody[],
  }
  const call = {
    origin: 'https://house.example',
    model,
    input: '{"x":["it\'s"],"n":[[9007199254740993,2]]}',
    isOpen: false,
  }
  assert.match(snippet('curl', call), /-d '\{"input_data":\{"x":\["it'\\''s"\],/)
  assert.match(snippet('TypeScript', call), /predict\('the-id', \{"x":\["it's"\],/)
  assert.match(snippet('Python', call), /Bearer/)
  const binary = snippet('TypeScript /v2', call)
  assert.match(binary, /shape: \[1, 2\], data: new BigInt64Array\(\[9007199254740993n, 2n\]\)/)
  assert.match(binary, /datatype: 'BYTES', shape: \[1\], data: \["it's"\]/)
  for (const language of languages) {
    assert.ok(!snippet(language, { ...call, isOpen: true }).includes('KEY'))
    const long = snippet(language, {
      ...call,
      input: JSON.stringify({ x: ['x'], n: Array.from({ length: 3000 }, () => [1, 2]) }),
    })
    assert.ok(long.length < 1000, language)
  }
})
