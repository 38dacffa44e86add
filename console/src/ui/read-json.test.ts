import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isJsonObject, readJson } from './read-json.ts'

test('what is wrong with a text of JSON is said with its line', () => {
  assert.deepEqual(readJson('{"a": [1]}'), { value: { a: [1] } })
  assert.match(readJson('{\n  "a": 1,\n  b: 2\n}').fault ?? '', /^Line 3: /)
  assert.match(readJson('').fault ?? '', /^Not JSON: Unexpected end of JSON input\.$/)
  assert.deepEqual([{}, [], null, 'x'].map(isJsonObject), [true, false, false, false])
})
