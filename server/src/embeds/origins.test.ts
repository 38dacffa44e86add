import assert from 'node:assert/strict'
import { test } from 'node:test'
import { embedOrigin } from '@roundhouse/sdk/contract'
import { isAllowed } from './origins.ts'

test('an origin is allowed to the letter, and a wildcard stands for the names below its host alone', () => {
  const allowed = ['https://www.example.com', 'http://localhost:3000', 'https://*.shop.example']
  for (const origin of [
    'https://www.example.com',
    'http://localhost:3000',
    'https://a.shop.example',
    'https://b.a.shop.example',
  ])
    assert.ok(isAllowed(allowed, origin), origin)
  for (const origin of [
    'null',
    '',
    'http://www.example.com',
    'https://www.example.com.evil.test',
    'https://evilwww.example.com',
    'https://www.example.com:8443',
    'https://example.com',
    'http://localhost:3001',
    'https://shop.example',
    'https://evilshop.example',
    'http://a.shop.example',
    'https://a.shop.example:8443',
    'https://a.shop.example.evil.test',
    'https://evil.test/.shop.example',
    'https://evil.test#.shop.example',
    'https://evil.test?.shop.example',
    'https://user@evil.test:1@.shop.example',
    'https://.shop.example',
    'https://*.shop.example',
  ])
    assert.ok(!isAllowed(allowed, origin), origin)
})

test('what is no origin as browsers write it cannot be allowed', () => {
  for (const origin of [
    'https://example.com',
    'http://127.0.0.1:8080',
    'https://*.example.com',
    'https://*.a.b.co:8443',
  ])
    assert.ok(embedOrigin.safeParse(origin).success, origin)
  for (const origin of [
    '*',
    'null',
    'example.com',
    'https://example.com/',
    'https://example.com/a',
    'https://Example.com',
    'https://example.com:443',
    'https://user@example.com',
    'https://*',
    'https://*.com',
    'https://*.*.example.com',
    'https://a.*.example.com',
    'https://*example.com',
    'file://',
    'javascript:alert(1)',
  ])
    assert.ok(!embedOrigin.safeParse(origin).success, origin)
})
