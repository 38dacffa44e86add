/** 32 digits. Not crypto.randomUUID: pages of a plain http:// origin do not have it. */
export function randomHex(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
