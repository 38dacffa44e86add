import { createHash } from 'node:crypto'

/** An id that the same call always has, whatever it is for. Source: RFC 9562, version 8. */
export function derivedId(purpose: string, idempotencyKey: string): string {
  const bytes = createHash('sha256').update(`${purpose}:${idempotencyKey}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
