import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCutOf, namedBy, toolName } from './tool-names.ts'

test('a tool has the name of its agent or model, and is found by it', () => {
  assert.equal(toolName('agent', 'broker-desk'), 'agent_broker-desk')
  assert.equal(toolName('model', 'price_2'), 'model_price_2')
  assert.deepEqual(namedBy('agent_broker-desk'), { kind: 'agent', name: 'broker-desk' })
  assert.equal(namedBy('broker-desk'), undefined)
})

test('names that clients do not take are cut, and no two are the same', () => {
  const long = 'x'.repeat(128)
  const names = ['price.model', 'price_model', 'price-model', long, `${long.slice(1)}y`, `${long}.`]
  const tools = names.map(name => toolName('model', name))
  for (const tool of tools) assert.match(tool, /^[A-Za-z0-9_-]{1,64}$/)
  assert.equal(new Set(tools).size, names.length)
  for (const tool of tools.filter(tool => namedBy(tool)?.name === undefined))
    assert.deepEqual(
      names.filter(name => isCutOf(tool, 'model', name)),
      [names[tools.indexOf(tool)]],
    )
  // Nobody takes another's place by a name that looks like a cut one.
  const [cut = ''] = tools
  assert.notEqual(toolName('model', cut.slice('model_'.length)), cut)
  assert.deepEqual(namedBy(cut), { kind: 'model', name: undefined })
})
