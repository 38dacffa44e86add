import { crc32, deflateSync } from 'node:zlib'

/**
 * A PNG (ISO/IEC 15948) of `width` x `height` pixels of four bytes, red first; the fourth is passed over, paper is
 * opaque. Rows are stored as they are: pages are mostly white, and filters would save little.
 */
export function encodePng(rgba: Uint8Array, width: number, height: number): Uint8Array {
  const rowBytes = 1 + width * 3
  const rows = new Uint8Array(height * rowBytes)
  for (let y = 0; y < height; y++) {
    let to = y * rowBytes + 1
    for (let from = y * width * 4, end = from + width * 4; from < end; from += 4) {
      rows[to++] = rgba[from] ?? 0
      rows[to++] = rgba[from + 1] ?? 0
      rows[to++] = rgba[from + 2] ?? 0
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // Bit depth 8, colour type RGB.
  header.set([8, 2], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 6 })),
    chunk('IEND', new Uint8Array(0)),
  ])
}

function chunk(type: string, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + body.length)
  bytes.writeUInt32BE(body.length, 0)
  bytes.write(type, 4, 'latin1')
  bytes.set(body, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + body.length)), 8 + body.length)
  return bytes
}
