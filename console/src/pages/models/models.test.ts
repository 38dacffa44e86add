import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Model, ModelState } from '@roundhouse/sdk'
import { familiesOf, newerReady, whyItServes } from './families.ts'
import { filterFamilies } from './filter-families.ts'
import { changedSpecs } from './signature.ts'
import { faultOfName, limitsInWords, nameFromFile, refusalOf } from './upload-rules.ts'
import type { Served } from './version-state.ts'

const at = '2026-11-22T08:00:00.000Z'

function version(name: string, label: string, change: Partial<Model> = {}): Model {
  return {
    id: `${change.owner_id ?? ''}${name}@${label}`,
    owner_id: null,
    name,
    version: label,
    description: null,
    status: 'ready',
    error: null,
    visibility: 'private',
    price: 0,
    kind: null,
    format: 'onnx',
    file_hash: null,
    file_size_bytes: 1000,
    input_schema: [],
    output_schema: [],
    metadata: {},
    created_at: at,
    updated_at: at,
    ...change,
  }
}

function held(...states: [Model, ModelState['state'], serves: boolean, reason?: string][]): Served {
  return new Map(
    states.map(([{ id, name, version: label }, state, serves, reason = null]) => [
      id,
      { id, serves, name, version: label, state, required: false, load_ms: null, since: null, reason },
    ]),
  )
}

test('models are grouped by name and owner, each with the version that serves, and why it is that one', () => {
  const [third, second, first] = [version('digits', '3'), version('digits', '2'), version('digits', '1')]
  const other = version('digits', '1', { owner_id: 'someone' })
  const served = held(
    [third, 'failed', false, 'The file is torn.'],
    [second, 'ready', true],
    [first, 'unloaded', false],
  )
  const [family, another] = familiesOf([third, other, second, first], served)
  assert.ok(family && another)
  assert.deepEqual(
    [family.versions.map(({ version: label }) => label), family.serving?.version, another.versions.length],
    [['3', '2', '1'], '2', 1],
  )
  assert.equal(
    whyItServes(family, second, served),
    'Version 3 is newer and could not be loaded: The file is torn.',
  )
  assert.equal(whyItServes(family, third, served), 'Version 2 serves meanwhile. The file is torn.')
  assert.equal(whyItServes(family, first, served), 'Version 2 is newer.')
  assert.equal(whyItServes(another, other, served), 'The newest version.')
  assert.deepEqual(
    newerReady(family, first).map(({ version: label }) => label),
    ['3', '2'],
  )
})

test('a model without a version that is ready is shown by its newest one, with the reason of the server', () => {
  const broken = version('net', '2', { status: 'error', error: 'It is no ONNX file.' })
  const archived = version('net', '1', { status: 'archived' })
  const [family] = familiesOf([broken, archived], new Map())
  assert.ok(family)
  assert.deepEqual([family.serving, family.shown], [undefined, broken])
  assert.equal(whyItServes(family, broken, new Map()), 'It is no ONNX file.')
})

test('the list is searched by words of name and description, and filtered by the state of any version', () => {
  const models = [
    version('churn', '1', { description: 'Who leaves next month' }),
    version('price', '2', { status: 'error' }),
    version('price', '1'),
  ]
  const families = familiesOf(models, new Map())
  const names = (search: { q?: string; status?: string }) =>
    filterFamilies(families, search, new Map()).map(({ name }) => name)
  assert.deepEqual(names({ q: 'LEAVES churn' }), ['churn'])
  assert.deepEqual(names({ status: 'error' }), ['price'])
  assert.deepEqual(names({}), ['churn', 'price'])
})

test('the name of a model is guessed from its file, and is always one that the server takes', () => {
  const names = [
    'C:\\nets\\Mein Modell (2).onnx',
    'über.ONNX',
    '..onnx',
    'stats.onnx',
    '価格.onnx',
    `${'a'.repeat(300)}.onnx`,
  ]
  assert.deepEqual(names.map(nameFromFile).slice(0, 5), ['Mein-Modell-2', 'uber', 'model', 'model', 'model'])
  for (const name of names) assert.equal(faultOfName(nameFromFile(name)), undefined)
  assert.match(faultOfName('a b') ?? '', /^Letters, digits/)
})

test('what the server would refuse is told before the upload begins', () => {
  const models = { versions: 3, max_versions: 4, bytes: 900, max_bytes: 1000 }
  const limits = { model_file_bytes: 500, file_bytes: 1, predict_body_bytes: 1, models }
  assert.equal(refusalOf(100, limits), undefined)
  assert.match(refusalOf(101, limits) ?? '', /room for 100 B more/)
  assert.match(refusalOf(501, limits) ?? '', /at most 500 B/)
  assert.match(refusalOf(1, { ...limits, models: { ...models, versions: 4 } }) ?? '', /holds 4 versions/)
  assert.equal(refusalOf(400, { ...limits, models: null }), undefined)
  assert.equal(refusalOf(0, limits), 'The file is empty.')
  assert.equal(
    limitsInWords(limits),
    'One file may have 500 B. You have 3 of the 4 versions of your plan. Your files have 900 B of its 1000 B.',
  )
})

test('two signatures are compared by name, and only what differs is told', () => {
  const before = [
    { name: 'x', dtype: 'FP32', shape: [null, 64] },
    { name: 'mask', dtype: 'BOOL', shape: [1] },
  ] as const
  const after = [
    { name: 'x', dtype: 'FP32', shape: [null, 128] },
    { name: 'mask', dtype: 'BOOL', shape: [1] },
    { name: 'y', dtype: 'INT64', shape: [] },
  ] as const
  const specs = (list: typeof before | typeof after) =>
    list.map(spec => ({ ...spec, shape: [...spec.shape] }))
  assert.deepEqual(changedSpecs(specs(before), specs(after)), [
    { name: 'x', before: 'FP32 [any, 64]', after: 'FP32 [any, 128]' },
    { name: 'y', before: null, after: 'INT64 []' },
  ])
})
