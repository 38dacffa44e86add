import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issuersFrom } from './issuers.ts'

const nothing = {
  SUPABASE_URL: undefined,
  SUPABASE_JWT_SECRET: undefined,
  SUPABASE_JWT_MODE: undefined,
  JWT_ISSUERS: [],
  ANONYMOUS_USERS: false,
}
const url = 'https://abc.supabase.co'
const secret = 'x'.repeat(40)

test('nobody is an issuer unless configured', () => {
  assert.deepEqual(issuersFrom(nothing), [])
})

test('a Supabase project is known by its address alone', () => {
  for (const SUPABASE_URL of [url, `${url}/`])
    assert.deepEqual(issuersFrom({ ...nothing, SUPABASE_URL }), [
      {
        issuer: 'https://abc.supabase.co/auth/v1',
        audience: 'authenticated',
        mode: 'jwks',
        jwksUrl: 'https://abc.supabase.co/auth/v1/.well-known/jwks.json',
        supabase: true,
        allowAnonymous: false,
      },
    ])
})

test('the secret makes it a legacy project unless the mode says otherwise', () => {
  const modeOf = (SUPABASE_JWT_MODE: 'jwks' | 'both' | undefined) =>
    issuersFrom({ ...nothing, SUPABASE_URL: url, SUPABASE_JWT_SECRET: secret, SUPABASE_JWT_MODE }).map(
      ({ mode, secret }) => [mode, secret],
    )
  assert.deepEqual(modeOf(undefined), [['legacy', secret]])
  assert.deepEqual(modeOf('both'), [['both', secret]])
  assert.deepEqual(modeOf('jwks'), [['jwks', secret]])
})

test('other issuers are known by their public keys, and need no role', () => {
  const other = { issuer: 'https://id.example.com/', audience: 'api', jwksUrl: 'https://id.example.com/keys' }
  const issuers = issuersFrom({ ...nothing, SUPABASE_URL: url, JWT_ISSUERS: [other], ANONYMOUS_USERS: true })
  assert.deepEqual(
    issuers.map(({ issuer, allowAnonymous }) => [issuer, allowAnonymous]),
    [
      ['https://abc.supabase.co/auth/v1', true],
      ['https://id.example.com/', true],
    ],
  )
  assert.deepEqual(issuers[1], { ...other, mode: 'jwks', supabase: false, allowAnonymous: true })
})
