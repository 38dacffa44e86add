import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { createVisitorTokens, threadOf } from './visitors.ts'

const secret = 'a secret of more than thirty-two characters'
const place = { embedId: randomUUID(), origin: 'https://www.example.com' }
const visitor = { ...place, id: randomUUID() }
let now = Date.parse('2026-11-22T12:00:00Z')
const clock = { now: () => now }
const tokens = createVisitorTokens({ secretKeys: [secret], clock })

test('a visitor is known by their token for seven days, at their embed and origin alone', () => {
  const { token, expiresAt } = tokens.sign(visitor)
  assert.deepEqual(tokens.verify(token, place), visitor)
  for (const elsewhere of [
    { ...place, embedId: randomUUID() },
    { ...place, origin: 'https://example.com' },
  ])
    assert.throws(() => tokens.verify(token, elsewhere), { code: 'unauthenticated' })
  now = expiresAt.getTime()
  assert.throws(() => tokens.verify(token, place), { code: 'unauthenticated' })
  now = expiresAt.getTime() - 1
  assert.equal(tokens.verify(token, place).id, visitor.id)
})

test('a token that was changed, made by another key, or is of another form is refused', () => {
  const { token } = tokens.sign(visitor)
  const [claims = '', mac = ''] = token.slice(4).split('.')
  const forged = Buffer.from(
    Buffer.from(claims, 'base64url').toString().replace(visitor.id, randomUUID()),
  ).toString('base64url')
  const other = createVisitorTokens({ secretKeys: ['another secret of more than 32 characters'], clock })
  for (const bad of [
    '',
    'rhv_',
    'rhv_.',
    `rhv_${forged}.${mac}`,
    `rhv_${claims}.`,
    `rhv_${claims}`,
    `rhv_${claims}.${mac}.${mac}`,
    `rhv_${claims}.${mac.slice(0, -2)}`,
    `${claims}.${mac}`,
    other.sign(visitor).token,
    'x'.repeat(100_000),
  ])
    assert.throws(() => tokens.verify(bad, place), { code: 'unauthenticated' }, bad.slice(0, 80))
  const turned = createVisitorTokens({
    secretKeys: ['another secret of more than 32 characters', secret],
    clock,
  })
  assert.equal(turned.verify(token, place).id, visitor.id, 'an older key still verifies')
})

test('a conversation has a thread of its own for each visitor and embed', () => {
  const thread = threadOf(visitor, 'main')
  assert.match(thread, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(threadOf(visitor, 'main'), thread)
  const others = [
    threadOf(visitor, 'other'),
    threadOf({ ...visitor, id: randomUUID() }, 'main'),
    threadOf({ ...visitor, embedId: randomUUID() }, 'main'),
  ]
  assert.equal(new Set([thread, ...others]).size, 4)
})
