import { pictureOf } from './logo-picture.ts'
import { checkSvg } from './logo-svg.ts'

/** What a logo may be; its end is that of its virtual file. */
export type LogoKind = 'png' | 'jpg' | 'svg'

/**
 * What the bytes are, whatever their name and type say.
 * @throws Problem `invalid-request` for anything but PNG, JPEG and an SVG that stands alone, and for what would take long
 *   to draw.
 */
export function logoKind(bytes: Uint8Array): LogoKind {
  const picture = pictureOf(bytes)
  if (picture) return picture.kind
  checkSvg(bytes)
  return 'svg'
}
