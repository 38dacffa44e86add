import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Model } from '@roundhouse/sdk/contract'
import { APIError } from 'openai'
import { json } from '../src/testing/access-fixture.ts'
import { type TestUser, testHouse } from '../src/testing/house.ts'
import { bagOfWordsModel, tokenModel } from '../src/testing/onnx/embeddings.ts'
import { scalarModel } from '../src/testing/onnx/models.ts'
import { clientOf } from './openai-calls.ts'

const house = await testHouse({ after })
const user = await house.user()
const client = clientOf(house, user)
const shared = { visibility: 'users', kind: 'embedding' }
const words = await house.pushed('words', bagOfWordsModel(), shared)
await house.pushed('tokens', tokenModel(), shared)

const apple = [0.6, 0.8, 0, 0]
const pear = [0, 0, 0, 1]

/** As FP32, which is what is told. */
function near(vector: readonly number[] | undefined, expected: readonly number[]): void {
  assert.deepEqual(vector?.map(Math.fround), expected.map(Math.fround))
}

async function refusal(call: PromiseLike<unknown>): Promise<APIError> {
  try {
    await call
  } catch (error) {
    if (error instanceof APIError) return error
    throw error
  }
  return assert.fail('it was not refused')
}

async function pushedBy(owner: TestUser, name: string, file: Uint8Array, kind?: string): Promise<Model> {
  const form = new FormData()
  form.set('name', name)
  if (kind !== undefined) form.set('kind', kind)
  form.set('file', new Blob([file as Uint8Array<ArrayBuffer>]), 'model.onnx')
  const reply = await owner.fetch('/api/v1/models', { method: 'POST', body: form })
  const text = await reply.text()
  assert.equal(reply.status, 201, text)
  return JSON.parse(text)
}

async function userWith(credits: number): Promise<TestUser> {
  const rich = await house.user()
  const { balance } = await account(rich)
  const body = { amount: credits - balance, reason: 'test' }
  const reply = await house.fetch(`/api/v1/admin/users/${rich.id}/credits`, json('POST', body))
  assert.equal(reply.status, 200)
  return rich
}

async function account({ fetch }: TestUser): Promise<{ balance: number; held: number }> {
  return (await (await fetch('/api/v1/credits')).json()) as { balance: number; held: number }
}

test('a served model gives vectors of texts, of length 1 and in their order, as the client asks for them', async () => {
  // The client asks for base64 by itself, and reads it.
  const one = await client.embeddings.create({ model: 'words', input: 'apple' })
  assert.deepEqual([one.object, one.model, one.data.length], ['list', 'words', 1])
  near(one.data[0]?.embedding, apple)
  assert.equal(one.usage.prompt_tokens, 2)
  assert.equal(one.usage.total_tokens, 2)

  const input = ['pear', 'apple pear', 'apple', 'plum']
  const many = await client.embeddings.create({ model: 'words', input, encoding_format: 'float' })
  assert.deepEqual(
    many.data.map(({ object, index }) => [object, index]),
    [0, 1, 2, 3].map(index => ['embedding', index]),
  )
  const length = Math.sqrt(29)
  near(many.data[0]?.embedding, pear)
  near(many.data[1]?.embedding, [3 / length, 4 / length, 0, 2 / length])
  near(many.data[2]?.embedding, apple)
  near(many.data[3]?.embedding, [0, 0, 0, 0])

  const plain = await user.fetch('/v1/embeddings', json('POST', { model: 'words', input: 'apple' }))
  assert.match(await plain.text(), /"embedding":\[0\.6,0\.8,0,0\]/)
})

test('a model that takes tokens gives the mean of their vectors, for one list or several of any length', async () => {
  const one = await client.embeddings.create({ model: 'tokens', input: [1, 2, 0] })
  const length = Math.sqrt(29)
  const both = [3 / length, 4 / length, 0, 2 / length]
  near(one.data[0]?.embedding, both)
  assert.deepEqual(one.usage, { prompt_tokens: 3, total_tokens: 3 })
  const many = await client.embeddings.create({ model: 'tokens', input: [[1], [2, 2, 2], [1, 2]] })
  assert.deepEqual(many.usage, { prompt_tokens: 6, total_tokens: 6 })
  near(many.data[0]?.embedding, apple)
  near(many.data[1]?.embedding, pear)
  near(many.data[2]?.embedding, both)
})

test('a call may have as many texts as at OpenAI, and each gets its own vector', async () => {
  const input = Array.from({ length: 2048 }, (_, index) => (index % 3 === 0 ? 'pear' : `apple ${index}`))
  const { data } = await client.embeddings.create({ model: 'words', input })
  assert.equal(data.length, 2048)
  for (const [at, { index, embedding }] of data.entries()) {
    assert.equal(index, at)
    near(embedding, at % 3 === 0 ? pear : apple)
  }
})

test('fewer dimensions are cut off and have length 1 again, and more than there are is refused', async () => {
  const { data } = await client.embeddings.create({ model: 'words', input: 'apple pear', dimensions: 2 })
  near(data[0]?.embedding, [0.6, 0.8])
  const refused = await refusal(client.embeddings.create({ model: 'words', input: 'apple', dimensions: 5 }))
  assert.deepEqual([refused.status, refused.param, refused.code], [400, 'dimensions', 'invalid-request'])
})

test('tagged models are listed and read by who may use them, until the tag is taken off', async () => {
  const owner = await house.user()
  const other = await house.user()
  const { id } = await pushedBy(owner, 'mine', bagOfWordsModel())
  const idsOf = async (who: TestUser) =>
    (await clientOf(house, who).models.list()).data.map(model => model.id)
  const embed = (who: TestUser, model: string) =>
    clientOf(house, who).embeddings.create({ model, input: 'apple' })
  assert.ok(!(await idsOf(owner)).includes('mine'))
  const untagged = await refusal(embed(owner, 'mine'))
  assert.deepEqual([untagged.status, untagged.param], [400, 'model'])
  assert.match(untagged.message, new RegExp(`PATCH /api/v1/models/${id} `))
  assert.equal((await refusal(clientOf(house, owner).models.retrieve('mine'))).status, 404)

  const tag = (kind: string | null) => owner.fetch(`/api/v1/models/${id}`, json('PATCH', { kind }))
  assert.equal((await tag('embedding')).status, 200)
  assert.deepEqual(
    (await idsOf(owner)).filter(name => ['mine', 'words', 'tokens'].includes(name)),
    ['mine', 'tokens', 'words'],
  )
  const read = await clientOf(house, owner).models.retrieve('mine@1')
  assert.deepEqual([read.id, read.object, read.owned_by], ['mine@1', 'model', 'models'])
  assert.equal(Reflect.get(read, 'embedding'), true)
  assert.ok(Math.abs(read.created - Date.now() / 1000) < 600)
  near((await embed(owner, 'mine')).data[0]?.embedding, apple)
  near((await embed(owner, 'mine@1')).data[0]?.embedding, apple)
  assert.equal((await refusal(embed(owner, 'mine@2'))).status, 404)

  assert.ok(!(await idsOf(other)).includes('mine'))
  const hidden = await refusal(embed(other, 'mine'))
  assert.deepEqual([hidden.status, hidden.code], [404, 'model-not-found'])
  const missing = await refusal(embed(other, 'nothing'))
  assert.equal(hidden.message.replace('mine', 'nothing'), missing.message)
  assert.equal((await refusal(clientOf(house, other).models.retrieve('mine'))).status, 404)

  assert.equal((await tag(null)).status, 200)
  assert.equal((await refusal(embed(owner, 'mine'))).status, 400)
  assert.equal((await tag('chat')).status, 400)
})

test('served models need the scope predict, those of providers the scope agents', async () => {
  const served = { model: 'words', input: 'apple' }
  const provided = { model: 'demo/demo-embedding', input: 'apple' }
  const predicts = clientOf(house, await house.user({ scopes: ['predict'] }))
  near((await predicts.embeddings.create(served)).data[0]?.embedding, apple)
  assert.equal((await refusal(predicts.embeddings.create(provided))).status, 403)
  const talks = clientOf(house, await house.user({ scopes: ['agents'] }))
  const refused = await refusal(talks.embeddings.create(served))
  assert.deepEqual([refused.status, refused.code], [403, 'forbidden'])
  assert.match(refused.message, /scope predict/)
  assert.equal((await talks.embeddings.create(provided)).data.length, 1)
})

test('what the model cannot take is refused with the field and what to send instead', async () => {
  const text = await refusal(client.embeddings.create({ model: 'tokens', input: ['apple'] }))
  assert.deepEqual([text.status, text.param, text.code], [400, 'input', 'invalid-request'])
  assert.match(text.message, /lists of its tokens/)
  const tokens = await refusal(client.embeddings.create({ model: 'words', input: [[1, 2]] }))
  assert.deepEqual([tokens.status, tokens.param], [400, 'input'])
  await house.pushed('numbers', scalarModel(), shared)
  const other = await refusal(client.embeddings.create({ model: 'numbers', input: 'apple' }))
  assert.deepEqual([other.status, other.param], [400, 'model'])
  assert.match(other.message, /BYTES \[N\]/)
  const unknown = await refusal(client.embeddings.create({ model: 'tokens', input: [7] }))
  assert.deepEqual([unknown.status, unknown.code], [500, 'model-failed'])
  assert.equal((await refusal(client.embeddings.create({ model: 'words', input: '' }))).status, 400)
})

test('each text is paid as a prediction once all are there, and a call that fails costs nothing', async () => {
  const paid = { ...shared, price: '3' }
  await house.pushed('paid', tokenModel(), paid)
  const buyer = await userWith(20)
  const embed = (input: number[][]) => clientOf(house, buyer).embeddings.create({ model: 'paid', input })
  await embed([[1], [2], [1, 2]])
  assert.deepEqual([(await account(buyer)).balance, (await account(buyer)).held], [11, 0])
  await embed([[1]])
  assert.equal((await account(buyer)).balance, 8, 'an answer from the cache is paid too')
  assert.equal((await refusal(embed([[1], [7]]))).status, 500)
  const tooMuch = await refusal(embed([[1], [2], [1, 2]]))
  assert.deepEqual(
    [tooMuch.status, tooMuch.code, tooMuch.type],
    [402, 'insufficient-credits', 'insufficient_quota'],
  )
  const after = await account(buyer)
  assert.deepEqual([after.balance, after.held], [8, 0])
})

test('a call with the same key is answered again and paid once', async () => {
  await house.pushed('once', tokenModel(), { ...shared, price: '3' })
  const buyer = await userWith(20)
  const options = { headers: { 'idempotency-key': 'the-first' } }
  const order = { model: 'once', input: [[1], [2]] }
  const first = await clientOf(house, buyer).embeddings.create(order, options)
  assert.deepEqual(await clientOf(house, buyer).embeddings.create(order, options), first)
  assert.equal((await account(buyer)).balance, 14)
})

test('each text is a prediction in the history of the model, and the same text comes from the cache', async () => {
  const reader = await house.user()
  const embed = () =>
    clientOf(house, reader).embeddings.create({ model: 'words', input: ['fig apple', 'fig pear'] })
  await embed()
  await embed()
  const reply = await reader.fetch(`/api/v1/models/${words.id}/predictions`)
  const { data } = (await reply.json()) as { data: { cached: boolean; input_data: unknown }[] }
  assert.deepEqual(data.map(({ cached }) => cached).sort(), [false, false, true, true])
  assert.deepEqual(new Set(data.map(({ input_data }) => JSON.stringify(input_data))).size, 2)
})
