import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { invariant } from './invariant.ts'

/** Where a sealed text belongs; anywhere else it does not open. */
export type Place = { readonly table: string; readonly row: string; readonly field: string }

export type Sealer = {
  /** `v1.<key id>.<iv>.<ciphertext>.<tag>`, the last three in base64url. Different each time. */
  seal(text: string, place: Place): string
  /** @throws SealError when it was sealed elsewhere, was changed, or names a key that is not there. */
  open(sealed: string, place: Place): string
  readonly currentKeyId: string
  /** All that decrypt; the current one is the first. */
  readonly keyIds: readonly string[]
}

/** Why a sealed text does not open, or why the keys cannot be used. Never holds a key or a text. */
export class SealError extends Error {
  readonly code: 'keys-invalid' | 'malformed' | 'key-missing' | 'not-authentic'

  constructor(code: SealError['code'], sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.name = 'SealError'
    this.code = code
  }
}

const version = 'v1'
const keyBytes = 32
const ivBytes = 12
const tagBytes = 16
const minTextLength = 32

/**
 * AES-256-GCM under the first of the keys; all of them decrypt. The place is authenticated with the text.
 * @param encryptionKey Comma-separated; each is `<key id>:<base64 of 32 bytes>`, or any text of at least 32 characters,
 *   whose key is derived by HKDF-SHA256 (RFC 5869) and whose key id is made from that key.
 * @throws SealError `keys-invalid`
 */
export function createSealer(encryptionKey: string): Sealer {
  const keys = readKeys(encryptionKey)
  const [current] = keys
  if (!current) throw new SealError('keys-invalid', 'ENCRYPTION_KEY holds no key.')
  const [currentKeyId, currentKey] = current

  return {
    seal(text, place) {
      const iv = randomBytes(ivBytes)
      const { ciphertext, tag } = encryptAesGcm(currentKey, iv, additionalData(place), Buffer.from(text))
      return [version, currentKeyId, ...[iv, ciphertext, tag].map(part => part.toString('base64url'))].join(
        '.',
      )
    },
    open(sealed, place) {
      const { keyId, iv, ciphertext, tag } = readSealed(sealed)
      const key = keys.get(keyId)
      if (!key)
        throw new SealError(
          'key-missing',
          `Sealed under the encryption key "${keyId}", which ENCRYPTION_KEY does not hold.`,
        )
      try {
        return decryptAesGcm(key, iv, additionalData(place), ciphertext, tag).toString()
      } catch (error) {
        throw new SealError(
          'not-authentic',
          `Does not open under the encryption key "${keyId}": changed, moved from another row, or another key of this name.`,
          { cause: error },
        )
      }
    },
    currentKeyId,
    keyIds: [...keys.keys()],
  }
}

/** @throws SealError `malformed` */
export function keyIdOf(sealed: string): string {
  return readSealed(sealed).keyId
}

/** AES-GCM (NIST SP 800-38D) with a tag of 16 bytes. */
export function encryptAesGcm(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  text: Uint8Array,
): { ciphertext: Buffer; tag: Buffer } {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes }).setAAD(additional)
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final()])
  return { ciphertext, tag: cipher.getAuthTag() }
}

/** @throws Error of Node when anything was changed, or the tag has not 16 bytes: unless told, Node takes 4. */
export function decryptAesGcm(
  key: Uint8Array,
  iv: Uint8Array,
  additional: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
  decipher.setAAD(additional).setAuthTag(tag)
  return Buffer.concat([decipher.update(ciphertext), decipher.final()])
}

function readKeys(encryptionKey: string): Map<string, Buffer> {
  const keys = new Map<string, Buffer>()
  const entries = encryptionKey.split(',').map(entry => entry.trim())
  for (const [index, entry] of entries.filter(Boolean).entries()) {
    const [keyId, key] = readKey(entry, index + 1)
    const known = keys.get(keyId)
    if (known && !known.equals(key))
      throw new SealError('keys-invalid', `ENCRYPTION_KEY holds two different keys named "${keyId}".`)
    keys.set(keyId, known ?? key)
  }
  return keys
}

function readKey(entry: string, position: number): [keyId: string, key: Buffer] {
  const [, keyId, base64] = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]+={0,2})$/.exec(entry) ?? []
  if (keyId !== undefined && base64 !== undefined) {
    const key = Buffer.from(base64, 'base64')
    // Not taken for a text: a key that was cut while copying would seal under a name that nobody gave it.
    if (key.length === keyBytes) return [keyId, key]
    throw new SealError(
      'keys-invalid',
      `The encryption key "${keyId}" has ${key.length} bytes, needed are ${keyBytes}. Make one with: openssl rand -base64 32`,
    )
  }
  if (entry.length < minTextLength)
    throw new SealError(
      'keys-invalid',
      `Key ${position} of ENCRYPTION_KEY has ${entry.length} characters, needed are ${minTextLength} or more (a comma separates two keys).`,
    )
  const key = Buffer.from(hkdfSync('sha256', entry, '', 'roundhouse encryption key v1', keyBytes))
  return [createHash('sha256').update('roundhouse key id').update(key).digest('hex').slice(0, 8), key]
}

function additionalData({ table, row, field }: Place): Buffer {
  const parts = [version, 'roundhouse', table, row, field]
  invariant(
    parts.every(part => part !== '' && !part.includes('|')),
    'the parts of a place are not empty and hold no |',
  )
  return Buffer.from(parts.join('|'))
}

type Sealed = { keyId: string; iv: Buffer; ciphertext: Buffer; tag: Buffer }

function readSealed(sealed: string): Sealed {
  const [form, keyId = '', ...parts] = sealed.split('.')
  const [iv, ciphertext, tag] = parts.map(part => Buffer.from(part, 'base64url'))
  const refuse = (why: string) => new SealError('malformed', `Not a sealed text of this server: ${why}.`)
  if (form !== version || parts.length !== 3 || !iv || !ciphertext || !tag)
    throw refuse(`the form is ${version}.<key id>.<iv>.<ciphertext>.<tag>`)
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(keyId)) throw refuse('the key id is not one')
  // Node passes over what is not base64url; so many texts would be the same blob.
  if ([iv, ciphertext, tag].some((bytes, index) => bytes.toString('base64url') !== parts[index]))
    throw refuse('it is not in base64url')
  if (iv.length !== ivBytes) throw refuse(`the iv has ${iv.length} bytes, not ${ivBytes}`)
  if (tag.length !== tagBytes) throw refuse(`the tag has ${tag.length} bytes, not ${tagBytes}`)
  return { keyId, iv, ciphertext, tag }
}
