import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusedName } from './json-names.ts'

test('a name that an object has twice is found at any depth and however it is written', () => {
  const twice: [string, string][] = [
    ['{"a":1,"a":2}', 'a'],
    ['[{"b":{"a":1,"c":[],"a" : 2}}]', 'a'],
    ['{"role":1,"r\\u006fle":2}', 'role'],
    ['{"\\"":1,"\\u0022":2}', '"'],
    ['{"":1,"":2}', ''],
    ['{"a":{"a":1},"a":2}', 'a'],
  ]
  for (const [json, name] of twice) assert.equal(refusedName(json), name, json)
})

test('a reserved name is found however it is written, and as text it is fine', () => {
  const reserved = ['__proto__']
  for (const json of ['{"__proto__":1}', '[{"a":{"\\u005f_proto__" :{}}}]'])
    assert.equal(refusedName(json, reserved), '__proto__', json)
  assert.equal(refusedName('{"a":"__proto__","_proto_":1}', reserved), undefined)
})

test('the same name in different objects, and text that looks like one, are fine', () => {
  const once = [
    '[{"a":1},{"a":2}]',
    '{"a":{"a":{"a":1}},"b":{"a":1}}',
    '{"a":"a","b":"{\\"a\\":1,\\"a\\":2}"}',
    '{"a":"\\\\","b":"}{"}',
    '"a"',
    '[]',
  ]
  for (const json of once) assert.equal(refusedName(json), undefined, json)
})

test('a megabyte of JSON is looked through, be it one string, deep or wide', () => {
  const size = 1024 * 1024
  const wide = `{${Array.from({ length: 50_000 }, (_, index) => `"name-${index}":0`).join()},"name-7":1}`
  assert.equal(refusedName(`{"a":"${'\\\\'.repeat(size / 2)}"}`), undefined)
  assert.equal(refusedName(`{"a":"${'x'.repeat(size)}","a":1}`), 'a')
  assert.equal(refusedName(`${'{"a":'.repeat(size / 8)}1${'}'.repeat(size / 8)}`), undefined)
  assert.equal(refusedName(wide), 'name-7')
})
