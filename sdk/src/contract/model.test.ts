import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createModel, listModels, modelName, updateModel } from './model.ts'
import { predict } from './prediction.ts'

test('a model name is 1 to 128 harmless characters, and not the word that means all models', () => {
  for (const name of ['a', '7', 'price-tft_2.1', 'stats2', 'Stats', 'a'.repeat(128)]) {
    assert(modelName.safeParse(name).success, name)
  }
  for (const name of ['', 'stats', '.hidden', '-x', '_x', 'a/b', 'a b', 'é', 'a\n', 'a'.repeat(129)]) {
    assert(!modelName.safeParse(name).success, name)
  }
})

test('a request with a field that is not documented is refused', () => {
  assert(createModel.safeParse({ name: 'price' }).success)
  assert(!createModel.safeParse({ name: 'price', owner: 'me' }).success)
  assert(!predict.safeParse({ input_data: {}, skipCache: true }).success)
})

test('text that the database cannot hold is refused', () => {
  assert(!createModel.safeParse({ name: 'price', description: 'a\0b' }).success)
  assert(!createModel.safeParse({ name: 'price', price: 2 ** 31 }).success)
})

test('a change changes something, and sets no state but archived and ready', () => {
  assert(updateModel.safeParse({ description: null }).success)
  assert(updateModel.safeParse({ status: 'archived' }).success)
  assert(!updateModel.safeParse({}).success)
  assert(!updateModel.safeParse({ status: 'pending' }).success)
})

test('a list is read from the text of a query, 50 at a time unless told', () => {
  assert.deepEqual(listModels.parse({}), { limit: 50 })
  assert.deepEqual(listModels.parse({ limit: '100', cursor: 'c' }), { limit: 100, cursor: 'c' })
  for (const limit of ['0', '101', '1.5', 'many', '']) assert(!listModels.safeParse({ limit }).success, limit)
})
