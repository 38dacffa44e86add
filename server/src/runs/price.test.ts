import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  costMicrosFor,
  creditsFor,
  estimateInputTokens,
  estimateOutputTokens,
  isTokenCount,
} from './price.ts'

test('tokens are paid by the million, rounded up', () => {
  const prices = { inputPrice: 2_000_000, outputPrice: 500_000 }
  assert.equal(creditsFor(prices, { inputTokens: 3, outputTokens: 4 }), 8)
  assert.equal(creditsFor(prices, { inputTokens: 0, outputTokens: 1 }), 1)
  assert.equal(creditsFor({ inputPrice: 0, outputPrice: 0 }, { inputTokens: 9, outputTokens: 9 }), 0)
  const costs = { inputCost: 150_000, outputCost: 600_000 }
  assert.equal(costMicrosFor(costs, { inputTokens: 1000, outputTokens: 100 }), 210)
})

test('what is sent is estimated at no less than its texts, in any script, and pictures by the piece', () => {
  assert.ok(estimateInputTokens('a'.repeat(4000)) >= 1000)
  assert.equal(estimateInputTokens('日本語'), 3)
  const picture = (size: number) => estimateInputTokens({ url: `data:image/png;base64,${'A'.repeat(size)}` })
  assert.equal(picture(10_000), picture(1_000_000))
  assert.ok(estimateInputTokens({ text: `data:image/png;base64,${'A'.repeat(90_000)}` }) > 30_000)
  const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }]
  assert.ok(estimateInputTokens({ messages: [], tools }) > estimateInputTokens({ messages: [] }))
})

test('what is written is estimated at a token for each piece at least', () => {
  assert.equal(estimateOutputTokens(400, 1), 100)
  assert.equal(estimateOutputTokens(4, 4), 4)
})

test('a count of tokens that a provider tells is believed when there can be so many', () => {
  for (const count of [0, 1, 2_000_000]) assert.ok(isTokenCount(count), String(count))
  for (const count of [-1, 0.5, Number.NaN, 9e15, Number.POSITIVE_INFINITY, '7', null, undefined])
    assert.ok(!isTokenCount(count), String(count))
})
