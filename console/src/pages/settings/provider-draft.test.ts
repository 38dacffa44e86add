import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProviderBody } from '@roundhouse/sdk'
import { bodyOf, draftOf, draftOfPreset, emptyModel, whyNot } from './provider-draft.ts'
import { presets } from './provider-presets.ts'

const stored: ProviderBody = {
  name: 'acme',
  kind: 'openai',
  source: 'database',
  demo: false,
  base_url: 'https://llm.acme.example/v1',
  has_key: true,
  models: [{ ...emptyModel, name: 'large', input_price: 400 }],
  fallbacks: ['openai/gpt'],
  max_concurrent: 8,
  connect_timeout_ms: 1000,
  first_token_timeout_ms: 2000,
  idle_timeout_ms: 3000,
  enabled: false,
}

test('what is saved without a change is what was there, and the key stays', () => {
  const { name: _name, source: _source, demo: _demo, has_key: _key, ...rest } = stored
  assert.deepEqual(bodyOf(draftOf(stored)), rest)
})

test('a key that is typed is sent, and one that is dropped is sent as none', () => {
  assert.equal(bodyOf({ ...draftOf(stored), key: ' sk-1 ' }).key, 'sk-1')
  assert.equal(bodyOf({ ...draftOf(stored), dropKey: true }).key, null)
})

test('lines that were left empty are not sent', () => {
  const draft = { ...draftOf(stored), fallbacks: '\n a/b \n', models: [emptyModel] }
  assert.deepEqual([bodyOf(draft).fallbacks, bodyOf(draft).models], [['a/b'], []])
})

test('every preset but the free one can be saved as it is', () => {
  for (const preset of presets)
    assert.equal(whyNot(draftOfPreset(preset), []) === false, preset.name !== 'custom', preset.name)
  assert.match(String(whyNot({ ...draftOf(stored) }, ['acme'])), /already/)
})
