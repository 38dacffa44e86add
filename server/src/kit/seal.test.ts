import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { z } from 'zod'
import { wycheproof } from '../testing/wycheproof.ts'
import { createSealer, decryptAesGcm, encryptAesGcm, keyIdOf, SealError } from './seal.ts'

const place = { table: 'secrets', row: '0191d3a2-0000-7000-8000-000000000001', field: 'value' }
const text = 'sk-live-Grüße-🚂'
const newKey = () => randomBytes(32).toString('base64')

function refused(code: SealError['code'], mention?: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof SealError, String(error))
    assert.equal(error.code, code)
    assert.ok(!`${error.stack} ${JSON.stringify(error)}`.includes(text), 'the text is in the error')
    if (mention) assert.match(error.message, mention)
    return true
  }
}

/** A sealed text with one of its parts replaced. */
function withPart(sealed: string, index: number, change: (part: string) => string): string {
  return sealed
    .split('.')
    .map((part, at) => (at === index ? change(part) : part))
    .join('.')
}

test('what was sealed opens in its place, and looks different each time', () => {
  const sealer = createSealer(`k1:${newKey()}`)
  for (const value of ['', 'x', text, 'a'.repeat(65_536)]) {
    const [first, second] = [sealer.seal(value, place), sealer.seal(value, place)]
    assert.notEqual(first, second)
    assert.match(first, /^v1\.k1\.[\w-]{16}\.[\w-]*\.[\w-]{22}$/)
    assert.equal(sealer.open(first, place), value)
    assert.equal(sealer.open(second, place), value)
  }
})

test('what was sealed opens in no other table, row or field', () => {
  const sealer = createSealer(`k1:${newKey()}`)
  const sealed = sealer.seal(text, place)
  for (const change of [{ table: 'users' }, { row: `${place.row.slice(0, -1)}2` }, { field: 'name' }])
    assert.throws(() => sealer.open(sealed, { ...place, ...change }), refused('not-authentic', /moved/))
})

test('a sealed text of which any character was changed does not open', () => {
  const sealer = createSealer(`k1:${newKey()},k2:${newKey()}`)
  const sealed = sealer.seal(text, place)
  for (const index of Array.from(sealed).keys()) {
    const other = sealed[index] === 'A' ? 'B' : 'A'
    const edited = sealed.slice(0, index) + other + sealed.slice(index + 1)
    assert.throws(() => sealer.open(edited, place), SealError, `character ${index}`)
  }
  assert.throws(() => sealer.open(sealed.replace('.k1.', '.k2.'), place), refused('not-authentic', /"k2"/))
})

test('a tag, an initialisation vector or a form of another length is refused', () => {
  const sealer = createSealer(`k1:${newKey()}`)
  const sealed = sealer.seal(text, place)
  const cutTo = (bytes: number) => (part: string) =>
    Buffer.concat([Buffer.from(part, 'base64url'), Buffer.alloc(8)])
      .subarray(0, bytes)
      .toString('base64url')
  for (const bytes of [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17])
    assert.throws(
      () => sealer.open(withPart(sealed, 4, cutTo(bytes)), place),
      refused('malformed', new RegExp(`tag has ${bytes} bytes, not 16`)),
    )
  for (const bytes of [0, 11, 13, 16])
    assert.throws(
      () => sealer.open(withPart(sealed, 2, cutTo(bytes)), place),
      refused('malformed', new RegExp(`iv has ${bytes} bytes, not 12`)),
    )
  for (const broken of [
    '',
    text,
    sealed.slice(3),
    `${sealed}.`,
    `${sealed}=`,
    ` ${sealed}`,
    sealed.replace('v1', 'v2'),
    withPart(sealed, 1, () => ''),
    withPart(sealed, 3, part => `${part.slice(0, 4)} ${part.slice(4)}`),
  ])
    assert.throws(() => sealer.open(broken, place), refused('malformed'), broken)
})

test('tags that Node itself would take are refused by the cipher too', () => {
  const [key, iv, additional] = [randomBytes(32), randomBytes(12), Buffer.from('place')]
  const { ciphertext, tag } = encryptAesGcm(key, iv, additional, Buffer.from(text))
  assert.equal(decryptAesGcm(key, iv, additional, ciphertext, tag).toString(), text)
  for (let bytes = 4; bytes < 16; bytes += 1)
    assert.throws(() => decryptAesGcm(key, iv, additional, ciphertext, tag.subarray(0, bytes)), {
      code: 'ERR_CRYPTO_INVALID_AUTH_TAG',
    })
})

test('the first key seals, every key opens, and a key that is gone is named', () => {
  const [one, two] = [`k1:${newKey()}`, `k2:${newKey()}`]
  const before = createSealer(one)
  const during = createSealer(`${two}, ${one},`)
  const after = createSealer(two)
  const sealed = before.seal(text, place)
  assert.equal(during.open(sealed, place), text)
  assert.equal(keyIdOf(sealed), 'k1')
  assert.equal(keyIdOf(during.seal(text, place)), 'k2')
  assert.equal(during.currentKeyId, 'k2')
  assert.deepEqual(during.keyIds, ['k2', 'k1'])
  assert.throws(() => after.open(sealed, place), refused('key-missing', /"k1".*ENCRYPTION_KEY/))
  assert.throws(() => createSealer(`k1:${newKey()}`).open(sealed, place), refused('not-authentic', /"k1"/))
})

test('any text of 32 characters is a key, with an id that does not change', () => {
  const words = 'correct horse battery staple; or'
  const sealer = createSealer(words)
  assert.match(sealer.currentKeyId, /^[0-9a-f]{8}$/)
  assert.equal(createSealer(words).open(sealer.seal(text, place), place), text)
  // Sealed by the first release: keys must go on being derived in the same way.
  const kept = 'v1.ec6ceb70.W7pJ4t2x5-YiuUHV.qJ6BjQbErxmtB2-ks59IA54BzoXnp-XWATIJTw.sll6l5QmDBNwatxI3DNe_A'
  assert.equal(sealer.open(kept, place), 'kept since the first release')
  assert.equal(createSealer('pass:phrase with a colon; not base64').keyIds.length, 1)
})

test('keys that cannot work are refused in a sentence that does not hold them', () => {
  const good = newKey()
  const short = randomBytes(31).toString('base64')
  for (const [keys, mention] of [
    ['', /no key/],
    [' , ', /no key/],
    ['hunter2', /Key 1 .* 7 characters, needed are 32/],
    [`k1:${good},hunter2`, /Key 2 .* 7 characters/],
    [`k1:${short}`, /"k1" has 31 bytes, needed are 32/],
    [`k1:${good},k1:${newKey()}`, /two different keys named "k1"/],
  ] as const) {
    assert.throws(
      () => createSealer(keys),
      (error: unknown) => {
        assert.ok(error instanceof SealError)
        assert.equal(error.code, 'keys-invalid')
        assert.match(error.message, mention)
        for (const key of [good, short, 'hunter2']) assert.ok(!String(error.stack).includes(key))
        return true
      },
    )
  }
  assert.deepEqual(createSealer(`k1:${good},k1:${good}`).keyIds, ['k1'])
})

const hex = z.string().transform(digits => Buffer.from(digits, 'hex'))
const vectors = z.object({
  testGroups: z.array(
    z.object({
      ivSize: z.int(),
      keySize: z.int(),
      tests: z.array(
        z.object({
          tcId: z.int(),
          key: hex,
          iv: hex,
          aad: hex,
          msg: hex,
          ct: hex,
          tag: hex,
          result: z.enum(['valid', 'invalid']),
        }),
      ),
    }),
  ),
})

test('the cipher agrees with the Wycheproof vectors of AES-256-GCM', async t => {
  const file = await wycheproof(t, 'aes_gcm_test.json')
  if (file === undefined) return
  const cases = vectors
    .parse(file)
    .testGroups.filter(group => group.ivSize === 96 && group.keySize === 256)
    .flatMap(group => group.tests)
  assert.equal(cases.length, 66)
  for (const { tcId, key, iv, aad, msg, ct, tag, result } of cases) {
    if (result === 'invalid') {
      assert.throws(() => decryptAesGcm(key, iv, aad, ct, tag), Error, `vector ${tcId}`)
      continue
    }
    assert.deepEqual(decryptAesGcm(key, iv, aad, ct, tag), msg, `vector ${tcId}`)
    assert.deepEqual(encryptAesGcm(key, iv, aad, msg), { ciphertext: ct, tag }, `vector ${tcId}`)
  }
})
