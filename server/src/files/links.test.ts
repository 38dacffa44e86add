import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isProblem } from '@roundhouse/sdk/contract'
import { jwtVerify } from 'jose'
import { systemClock } from '../kit/clock.ts'
import { createLinkTokens, type LinkAction } from './links.ts'

const secret = 'a'.repeat(40)
const url = 'docs/a.txt'

function at(now: number, secretKeys = [secret]) {
  return createLinkTokens({ secretKeys, clock: { ...systemClock, now: () => now } })
}

const link = (expiresAt: number) => ({ url, expiresAt: new Date(expiresAt), owner: null, upsert: false })

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (isProblem(error)) return error.code
    throw error
  }
  return 'none'
}

test('a link is good until its last millisecond and not one longer', () => {
  const token = at(0).sign('download', link(60_000))
  assert.equal(at(59_999).verify(token, 'download', url).expiresAt.getTime(), 60_000)
  assert.equal(
    refusal(() => at(60_000).verify(token, 'download', url)),
    'link-invalid',
  )
  assert.equal(
    refusal(() => at(61_000).verify(token, 'download', url)),
    'link-invalid',
  )
})

test('a link is for one path and one action', () => {
  for (const action of ['download', 'upload'] as const) {
    const token = at(0).sign(action, link(60_000))
    assert.equal(at(1).verify(token, action, url).url, url)
    for (const other of ['docs/a.tx', 'docs/a.txt/', 'docs//a.txt', 'doc/s/a.txt', 'DOCS/a.txt', ''])
      assert.equal(
        refusal(() => at(1).verify(token, action, other)),
        'link-mismatch',
        other,
      )
    const wrong: LinkAction = action === 'upload' ? 'download' : 'upload'
    assert.equal(
      refusal(() => at(1).verify(token, wrong, url)),
      'link-mismatch',
    )
  }
})

test('an upload link carries its owner and whether it may replace, and a read link carries neither', () => {
  const owner = '0190a6f0-0000-7000-8000-000000000000'
  const token = at(0).sign('upload', { ...link(60_000), owner, upsert: true })
  const read = at(1).verify(token, 'upload', url)
  assert.deepEqual([read.owner, read.upsert], [owner, true])
  const download = at(0).sign('download', { ...link(60_000), owner, upsert: true })
  const claims = JSON.parse(Buffer.from(download.split('.')[1] ?? '', 'base64url').toString())
  assert.deepEqual(claims, { iat: 0, exp: 60, url, scope: 'download' })
})

test('a link to read may be for one version of its object alone, and then says which', () => {
  const version = '0190a6f0-0000-7000-8000-000000000001'
  const token = at(0).sign('download', { ...link(60_000), version })
  assert.equal(at(1).verify(token, 'download', url).version, version)
  assert.equal(at(1).verify(at(0).sign('download', link(60_000)), 'download', url).version, undefined)
})

test('after a change of the key links of the old one are good while it is listed, and the new one signs', () => {
  const old = at(0).sign('download', link(60_000))
  const both = at(1, ['b'.repeat(40), secret])
  assert.equal(both.verify(old, 'download', url).url, url)
  assert.equal(
    refusal(() => at(60_000, ['b'.repeat(40), secret]).verify(old, 'download', url)),
    'link-invalid',
  )
  assert.equal(
    refusal(() => at(1, ['b'.repeat(40)]).verify(old, 'download', url)),
    'link-invalid',
  )
  const fresh = both.sign('download', link(60_000))
  assert.equal(
    refusal(() => at(1).verify(fresh, 'download', url)),
    'link-invalid',
  )
})

test('the secret itself signs nothing: links have a key of their own', async () => {
  const token = at(Date.now()).sign('download', link(Date.now() + 60_000))
  await assert.rejects(jwtVerify(token, Buffer.from(secret)), {
    code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  })
})
