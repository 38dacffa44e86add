import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAddressGuard } from './addresses.ts'

const guard = createAddressGuard({
  publicUrl: 'https://models.example.com',
  corsOrigins: ['https://app.example.com:8443'],
})

function passes(host: string, origin?: string): boolean {
  try {
    guard({ host, headers: { origin } })
    return true
  } catch (error) {
    assert.equal((error as { code: string }).code, 'forbidden')
    return false
  }
}

test('the server answers to its own names, to numbers, and to names that nobody outside can look up', () => {
  for (const host of [
    'models.example.com',
    'MODELS.example.com:443',
    'app.example.com',
    'localhost:3000',
    '127.0.0.1:3000',
    '[::1]:3000',
    '192.168.1.7',
    'roundhouse:3000',
    'roundhouse.railway.internal',
    'desk.local',
  ])
    assert.ok(passes(host), host)
})

test('a name that everyone can look up and that is not ours is kept out, however alike it looks', () => {
  for (const host of [
    'evil.example.com',
    'models.example.com.evil.example',
    'xmodels.example.com',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'models.example.com.',
    'localhost.',
    'evil.example@models.example.com:x',
    '',
    'a b',
  ])
    assert.equal(passes(host), false, host)
})

test('pages of this server and of listed origins may call, no others', () => {
  const own = 'models.example.com'
  for (const [host, origin] of [
    [own, 'https://models.example.com'],
    [own, 'https://app.example.com:8443'],
    ['127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['localhost:3000', 'http://localhost:6274'],
    ['192.168.1.7:3000', 'http://192.168.1.7:3000'],
  ] as const)
    assert.ok(passes(host, origin), `${origin} at ${host}`)
  for (const [host, origin] of [
    [own, 'null'],
    [own, ''],
    [own, 'https://evil.example'],
    [own, 'https://app.example.com'],
    [own, 'http://localhost:3000'],
    [own, 'https://models.example.com.evil.example'],
    ['localhost:3000', 'chrome-extension://localhost'],
    ['192.168.1.7:3000', 'http://192.168.1.8:3000'],
    ['evil.example', 'https://models.example.com'],
  ] as const)
    assert.equal(passes(host, origin), false, `${origin} at ${host}`)
})
