import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { testHouse } from '../src/testing/house.ts'
import {
  batchMixingModel,
  failingModel,
  fixedModel,
  nonZeroModel,
  recurrentModel,
  scalarModel,
  twoByTwoModel,
} from '../src/testing/onnx/models.ts'
import { ended, resultOf, send, textOf } from './batch-requests.ts'

const house = await testHouse({ after })

type Ended = { status: string; detail: string | undefined; lines: string[]; errors: unknown[] }

async function batch(name: string, file: Uint8Array, lines: readonly string[], query = ''): Promise<Ended> {
  const { id } = await house.pushed(name, file)
  const type = lines[0]?.match(/^[[{]|^-?\d/) ? 'application/x-ndjson' : 'text/csv'
  const job = await send(house.fetch, id, lines.join('\n'), query, type)
  const { status, error } = await ended(house.fetch, job.id)
  if (status !== 'done') return { status, detail: error?.detail, lines: [], errors: [] }
  const { file: result, errors_file } = await resultOf(house.fetch, job.id)
  const errors = errors_file ? (await textOf(errors_file, house.url)).trimEnd().split('\n') : []
  return {
    status,
    detail: undefined,
    lines: (await textOf(result, house.url)).trimEnd().split('\n'),
    errors: errors.map(line => JSON.parse(line) as unknown),
  }
}

test('a row that the model refuses is found among the others, and they are answered', async () => {
  const rows = Array.from({ length: 300 }, (_, index) => (index === 17 || index === 203 ? '7' : '2'))
  const { lines, errors } = await batch('failing', failingModel(), ['index', ...rows])
  assert.deepEqual(
    errors.map(error => (error as { line: number }).line),
    [19, 205],
  )
  assert.equal(lines.length, 301)
  assert.deepEqual([lines[0], lines[17], lines[18], lines[204], lines[300]], ['y', '30', '""', '""', '30'])
})

test('rows of a model that mixes them get what each would get alone', async () => {
  const { lines } = await batch('mixing', batchMixingModel(), ['a,b', '1,2', '5,9', '-1,0'])
  assert.deepEqual(lines, ['y[0],y[1]', '0,0', '0,0', '0,0'])
})

test('several inputs are columns by their names', async () => {
  const { lines } = await batch('two', twoByTwoModel(), ['b[0],b[1],a[0],a[1]', '1,2,10,20', '3,4,30,40'])
  assert.deepEqual(lines, ['sum[0],sum[1],difference[0],difference[1]', '11,22,9,18', '33,44,27,36'])
})

test('where no dimension counts rows, a row is the whole input', async () => {
  assert.deepEqual((await batch('scalar', scalarModel(), ['x', '1', '2.5'])).lines, ['y', '2', '5'])
  const fixed = await batch('fixed', fixedModel(), ['[1,2,3,4]', '{"x":[5,6,7,8]}', '[1]'])
  assert.deepEqual(fixed.lines, ['{"y":[2,4,6,8]}', '{"y":[10,12,14,16]}', '{"y":null}'])
  const recurrent = await batch('recurrent', recurrentModel(), ['[[[1],[2]],[[3],[4]]]', '[[[1]],[[2]]]'])
  const shapes = recurrent.lines.map(line => (JSON.parse(line) as { y: number[][][][] }).y[0]?.[0]?.length)
  assert.deepEqual(shapes, [2, 1])
})

test('outputs of different sizes are lines of JSON, and refused as columns', async () => {
  const rows = ['{"x":1}', '{"x":0}', '{"x":5}']
  const free = await batch('non-zero', nonZeroModel(), rows)
  assert.deepEqual(free.lines, ['{"y":[0]}', '{"y":[]}', '{"y":[0]}'])
  const refused = await batch('non-zero-2', nonZeroModel(), rows, '?output=csv')
  assert.equal(refused.status, 'failed')
  assert.match(refused.detail ?? '', /The output y has 1 values in some rows and 0 in others.*output=jsonl/)
})
