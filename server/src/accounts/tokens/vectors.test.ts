import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Vector, wycheproof } from '../../testing/wycheproof.ts'
import { decodeBase64url, isObject, parseCompact, Refusal } from './compact.ts'
import { readKeySet } from './keys.ts'
import { checkSignature } from './signature.ts'

/** Byte for byte the valid vector 357 with the same key: no verifier can tell them from it. */
const sameAsValid = [367, 370]

/** Valid vectors that are refused on purpose. */
const refusedValid = {
  'an empty payload is no JSON object': [259, 264, 268, 272, 320, 325],
  'RS384, RS512, PS256, PS384 and PS512 are not in the allowlist': [
    ...[265, 266, 267, 269, 270, 271, 273, 274, 275, 287, 288, 321, 322, 323, 326, 327, 328],
  ],
  'the alg of the key is not the alg of the header': [346, 347, 350, 351],
  'a stray ? stands in the base64url': [372, 373],
}

test('of 401 forged and valid signatures no forged one is accepted', async t => {
  const vectors = await wycheproof(t, 'json_web_signature_test.json')
  if (!vectors) return
  const verdicts: { vector: Vector; accepted: boolean }[] = []
  for (const group of vectors.testGroups) {
    const key = group.public ?? group.private
    for (const vector of group.tests) verdicts.push({ vector, accepted: await isAccepted(vector, key) })
  }
  assert.equal(verdicts.length, 401)
  assert.deepEqual(
    ids(verdicts, ({ vector, accepted }) => accepted && vector.result === 'invalid'),
    sameAsValid,
  )
  assert.deepEqual(
    ids(verdicts, ({ vector, accepted }) => !accepted && vector.result === 'valid'),
    Object.values(refusedValid)
      .flat()
      .sort((a, b) => a - b),
  )
})

/** Sets hold public keys only here: what the symmetric ones verify is refused, valid or not. */
const validSymmetric = [2, 13, 14, 15]

test('of 26 key sets none that is weak, ambiguous or for something else verifies anything', async t => {
  const vectors = await wycheproof(t, 'json_web_key_test.json')
  if (!vectors) return
  const verdicts: { vector: Vector; accepted: boolean }[] = []
  for (const group of vectors.testGroups) {
    const keys = await readKeySet(group.public ?? group.private)
    for (const vector of group.tests) {
      const keySet = { find: async (kid: string) => keys.get(kid) }
      verdicts.push({ vector, accepted: await passes(String(vector.jws), { secret: undefined, keySet }) })
    }
  }
  assert.equal(verdicts.length, 26)
  assert.deepEqual(
    ids(verdicts, ({ vector, accepted }) => accepted && vector.result === 'invalid'),
    [],
  )
  assert.deepEqual(
    ids(verdicts, ({ vector, accepted }) => !accepted && vector.result === 'valid'),
    validSymmetric,
  )
})

/** As by an issuer of the mode `legacy` when the key is symmetric, else `jwks`. */
async function isAccepted({ jws }: Vector, jwk: unknown): Promise<boolean> {
  assert.ok(isObject(jwk) && typeof jws === 'string')
  if (jwk.kty === 'oct') {
    const secret = typeof jwk.k === 'string' ? decodeBase64url(jwk.k) : undefined
    assert.ok(secret)
    return passes(jws, { secret, keySet: undefined })
  }
  const keys = await readKeySet({ keys: [jwk] })
  return passes(jws, { secret: undefined, keySet: { find: async kid => keys.get(kid) } })
}

async function passes(jws: string, checks: Parameters<typeof checkSignature>[2]): Promise<boolean> {
  try {
    await checkSignature(jws, parseCompact(jws), checks)
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

function ids<Verdict extends { vector: Vector }>(
  verdicts: readonly Verdict[],
  wanted: (verdict: Verdict) => boolean,
): number[] {
  return verdicts.filter(wanted).map(({ vector }) => vector.tcId)
}
