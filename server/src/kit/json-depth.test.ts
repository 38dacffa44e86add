import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeeper } from './json-depth.ts'

test('levels are counted over lists and objects, side by side as one, and not within text', () => {
  const cases: [json: string, depth: number][] = [
    ['1', 0],
    ['[]', 1],
    ['[[],[],{}]', 2],
    ['{"a":[{"b":[]}]}', 4],
    ['["[[[["]', 1],
    [String.raw`["\"[[[", "\\", [1]]`, 2],
    ['"[', 0],
  ]
  for (const [json, depth] of cases) {
    assert.equal(isDeeper(json, depth), false, json)
    if (depth > 0) assert.equal(isDeeper(json, depth - 1), true, json)
  }
})
