import { Problem } from '@roundhouse/sdk/contract'

/** What a logo may be; its end is that of its virtual file. */
export type LogoKind = 'png' | 'jpg' | 'svg'

/** Four bytes each once decoded: 100 MB. */
const mostPixels = 25_000_000

/**
 * What the bytes are, whatever their name and type say.
 * @throws Problem `invalid-request` for anything but PNG, JPEG and an SVG that stands alone.
 */
export function logoKind(bytes: Uint8Array): LogoKind {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length > 24 && view.subarray(0, 8).toString('hex') === '89504e470d0a1a0a') {
    refuseHuge(view.readUInt32BE(16), view.readUInt32BE(20))
    return 'png'
  }
  if (view.length > 4 && view.readUInt16BE(0) === 0xffd8) {
    const size = jpegSize(view)
    if (!size) throw refusal('its JPEG is not whole')
    refuseHuge(size.width, size.height)
    return 'jpg'
  }
  checkSvg(view)
  return 'svg'
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

function refuseHuge(width: number, height: number): void {
  if (width * height > mostPixels)
    throw refusal(`it has ${width} x ${height} pixels, more than ${mostPixels / 1e6} million`)
}

/**
 * Nothing in it may lead outside of it: no entities, no references but to its own parts and to pictures within it. The
 * compiler would not follow them; what it might one day is refused already.
 */
function checkSvg(view: Buffer): void {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(view)
  } catch (cause) {
    throw refusal('it is neither PNG nor JPEG nor SVG', cause)
  }
  if (!/^\s*(<\?xml[^>]*\?>\s*)?(<!--[\s\S]*?-->\s*)*<svg[\s>]/.test(text))
    throw refusal('it is neither PNG nor JPEG nor SVG')
  if (/<!(doctype|entity)/i.test(text)) throw refusal('its SVG has a document type; remove it')
  if (/<\s*(\w+:)?(script|foreignobject|iframe)\b/i.test(text))
    throw refusal('its SVG holds a script or foreign objects')
  for (const [, , link = ''] of text.matchAll(/\bhref\s*=\s*(["'])\s*([\s\S]*?)\1/gi)) {
    if (!/^(#|data:image\/(png|jpe?g);base64,)/i.test(link)) throw outside(link)
  }
  for (const [, link = ''] of text.matchAll(/url\(\s*["']?\s*([^)"']*)/gi)) {
    if (!link.startsWith('#')) throw outside(link)
  }
  if (/@import/i.test(text)) throw outside('@import')
}

function outside(link: string): Problem {
  return refusal(`its SVG refers to ${JSON.stringify(link.slice(0, 60))}, outside of itself`)
}

function refusal(why: string, cause?: unknown): Problem {
  return new Problem('invalid-request', `data.logo: this logo cannot be used: ${why}.`, { cause })
}
