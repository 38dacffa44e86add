import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agentSlug } from '@roundhouse/sdk/contract'
import { slugOf, slugsFor } from './slug.ts'

test('a name in any script becomes a slug that can stand in a path', () => {
  assert.equal(slugOf('Customer Support'), 'customer-support')
  assert.equal(slugOf('  Größe & Café (v2)! '), 'grosse-cafe-v2')
  assert.equal(slugOf('ＦＵＬＬ width'), 'full-width')
  assert.equal(slugOf('価格'), 'agent')
  assert.equal(slugOf('---'), 'agent')
  assert.equal(slugOf('a'.repeat(200)), 'a'.repeat(64))
})

test('further slugs for a name are numbered, then random, and never longer than 64', () => {
  for (const name of ['Support', 'x'.repeat(70), `${'y'.repeat(61)} z`]) {
    let drawn = 0
    const slugs: string[] = []
    for (const slug of slugsFor(name, () => `random${++drawn}`)) if (slugs.push(slug) === 12) break
    assert.equal(new Set(slugs).size, 12)
    for (const slug of slugs) assert.ok(agentSlug.safeParse(slug).success, slug)
    assert.ok(!slugs.some(slug => slug.includes('--')))
  }
  const [first, second] = slugsFor('Support', () => '')
  assert.deepEqual([first, second], ['support', 'support-2'])
})
