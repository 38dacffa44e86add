import { hash } from 'node:crypto'

/** Names credentials by their SHA-256, so that what is kept of them for long holds no credential. */
export type Digests = {
  of(credential: string): string
  /** Ends what is remembered in clear. */
  forget(): void
}

const mostRemembered = 1000
/** No key is as long, and hardly a token. */
const longestRemembered = 4096

/**
 * Remembers those of the credentials in use until `forget`: hashing before every request was a tenth of the CPU of a
 * small prediction (2026-11, between other work OpenSSL runs with cold caches).
 */
export function createDigests(): Digests {
  const remembered = new Map<string, string>()

  return {
    of(credential) {
      const known = remembered.get(credential)
      if (known !== undefined) return known
      const digest = hash('sha256', credential, 'base64url')
      if (remembered.size >= mostRemembered) remembered.clear()
      if (credential.length <= longestRemembered) remembered.set(credential, digest)
      return digest
    },
    forget: () => remembered.clear(),
  }
}
