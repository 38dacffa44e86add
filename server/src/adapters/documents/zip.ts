import { inflateRawSync } from 'node:zlib'
import { Unreadable } from './unreadable.ts'

export type ZipEntry = {
  readonly name: string
  readonly method: number
  readonly packedBytes: number
  /** As the archive claims. */
  readonly bytes: number
  /** Where its own header begins. */
  readonly offset: number
}

const endMark = 0x06054b50
const entryMark = 0x02014b50
const localMark = 0x04034b50
/** The end record and the longest comment behind it. */
const endWithin = 22 + 65_535
const mostEntries = 5000

/**
 * What the directory at the end of an archive lists. Source: PKWARE APPNOTE 6.3.10, 4.3.12 and 4.3.16; archives over
 * 4 GB, which have other records, are none of ours.
 * @throws Unreadable for what is no whole archive.
 */
export function zipEntries(bytes: Uint8Array): ZipEntry[] {
  const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = endOf(zip)
  const count = zip.readUInt16LE(end + 10)
  if (count > mostEntries) throw new Unreadable(`it is an archive of ${count} files`)
  const entries: ZipEntry[] = []
  let at = zip.readUInt32LE(end + 16)
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > zip.length || zip.readUInt32LE(at) !== entryMark) throw damaged()
    const nameBytes = zip.readUInt16LE(at + 28)
    entries.push({
      name: zip.toString('utf8', at + 46, at + 46 + nameBytes),
      method: zip.readUInt16LE(at + 10),
      packedBytes: zip.readUInt32LE(at + 20),
      bytes: zip.readUInt32LE(at + 24),
      offset: zip.readUInt32LE(at + 42),
    })
    at += 46 + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return entries
}

/**
 * Unpacks an entry to see that it holds no more than `mostBytes`, whatever it claims. Gives how many it has.
 * @throws Unreadable.
 */
export function measuredBytes(bytes: Uint8Array, entry: ZipEntry, mostBytes: number): number {
  const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { offset, packedBytes, method } = entry
  if (offset + 30 > zip.length || zip.readUInt32LE(offset) !== localMark) throw damaged()
  const start = offset + 30 + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28)
  if (start + packedBytes > zip.length) throw damaged()
  if (method === 0) return packedBytes
  if (method !== 8) throw damaged()
  try {
    return inflateRawSync(zip.subarray(start, start + packedBytes), {
      maxOutputLength: Math.max(1, mostBytes),
    }).length
  } catch (error) {
    const isTooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    throw isTooLarge ? tooLarge() : damaged()
  }
}

export function tooLarge(): Unreadable {
  return new Unreadable('unpacked it is too large')
}

function endOf(zip: Buffer): number {
  const first = Math.max(0, zip.length - endWithin)
  for (let at = zip.length - 22; at >= first; at -= 1) if (zip.readUInt32LE(at) === endMark) return at
  throw damaged()
}

function damaged(): Unreadable {
  return new Unreadable('it is an archive that is damaged')
}
