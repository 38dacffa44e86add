import { Problem } from '@roundhouse/sdk/contract'

/** Four bytes each once decoded: 100 MB. */
export const mostPixels = 25_000_000

/** Kind and pixels of a PNG or JPEG by its header; undefined for anything else. @throws Problem when it is too large. */
export function pictureOf(bytes: Uint8Array): { kind: 'png' | 'jpg'; pixels: number } | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length > 24 && view.subarray(0, 8).toString('hex') === '89504e470d0a1a0a')
    return { kind: 'png', pixels: pixelsOf(view.readUInt32BE(16), view.readUInt32BE(20)) }
  if (view.length < 4 || view.readUInt16BE(0) !== 0xffd8) return undefined
  const size = jpegSize(view)
  if (!size) throw refusal('its JPEG is not whole')
  return { kind: 'jpg', pixels: pixelsOf(size.width, size.height) }
}

/** From the first frame header (ISO/IEC 10918-1, B.2.2): segments of marker, length, content. */
function jpegSize(view: Buffer): { width: number; height: number } | undefined {
  for (let at = 2; at + 9 <= view.length; ) {
    if (view[at] !== 0xff) return undefined
    const marker = view[at + 1] ?? 0
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame) return { height: view.readUInt16BE(at + 5), width: view.readUInt16BE(at + 7) }
    at += marker === 0xff ? 1 : 2 + view.readUInt16BE(at + 2)
  }
  return undefined
}

function pixelsOf(width: number, height: number): number {
  if (width * height > mostPixels)
    throw refusal(`it has ${width} x ${height} pixels, more than ${mostPixels / 1e6} million`)
  return width * height
}

/** Why a logo is not taken, as the end of a sentence. */
export function refusal(why: string): Problem {
  return new Problem('invalid-request', `data.logo: this logo cannot be used: ${why}.`)
}
