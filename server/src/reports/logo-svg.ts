import type { Problem } from '@roundhouse/sdk/contract'
import { mostPixels, pictureOf, refusal } from './logo-picture.ts'
import { readSvg, type SvgElement } from './svg-elements.ts'

/**
 * Elements that are drawn once all uses are unfolded: 20,000 take some 0.8 s, 100,000 took 3.9 s (2026-11-21). A picture,
 * a long path and a text count for more than one.
 */
const mostDrawn = 20_000
const deepestDrawn = 64
const charactersOfOne = 200
/** A style names few of the elements that it might be of. */
const styledPart = 5
const pixelsOfOne = mostPixels / mostDrawn

/** Scripts, pages within, and what takes time that nothing in the file tells: a filter of one line can take minutes. */
const refused = /^(script|foreignobject|iframe|filter|fe[a-z]+|marker|handler|listener)$/i
/** In them is nothing that is drawn. */
const silent = /^(title|desc|metadata|style)$/

/**
 * @throws Problem `invalid-request` unless the bytes are an SVG that refers to nothing outside of itself and is drawn
 *   in short time.
 */
export function checkSvg(bytes: Uint8Array): void {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refusal('it is neither PNG nor JPEG nor SVG')
  }
  if (!text.trimStart().startsWith('<')) throw refusal('it is neither PNG nor JPEG nor SVG')
  const root = readSvg(text, refusal)
  if (root.name !== 'svg') throw refusal('it is neither PNG nor JPEG nor SVG')

  const byId = new Map<string, SvgElement>()
  let styles = ''
  for (const element of all(root)) {
    if (refused.test(element.name)) throw refusal(`its SVG has <${element.name}>, which is not taken`)
    if (element.name === 'style') styles += `${element.text}\n`
    for (const [name, value] of element.attributes) {
      checkAttribute(name.toLowerCase(), value)
      if (name === 'id' && !byId.has(value)) byId.set(value, element)
    }
  }
  if (styles.includes('\\')) throw refusal('its SVG has a backslash in a style')
  checkStyle(styles)
  checkDrawn(root, byId, styles)
}

function* all(element: SvgElement): Generator<SvgElement> {
  yield element
  for (const child of element.children) yield* all(child)
}

/** References lead to parts of the same file, or hold a picture. */
function checkAttribute(name: string, value: string): void {
  if (name === 'href') {
    const link = value.trim()
    if (link.startsWith('data:')) embedded(link)
    else if (!link.startsWith('#')) throw outside(link)
  } else if (name === 'filter') checkStyle(`filter:${value}`)
  else if (name === 'style' && value.includes('\\')) throw refusal('its SVG has a backslash in a style')
  else checkStyle(value)
}

function checkStyle(css: string): void {
  const bare = withoutComments(css)
  if (/@import/i.test(bare)) throw outside('@import')
  if (/(^|[;{\s-])filter\s*:\s*(?!none\b)/i.test(bare))
    throw refusal('its SVG has a filter, which is not taken')
  for (const [, link = ''] of bare.matchAll(/url\(\s*["']?\s*([^)"']*)/gi))
    if (!link.startsWith('#')) throw outside(link)
}

function withoutComments(css: string): string {
  let bare = ''
  for (let at = 0; ; ) {
    const begin = css.indexOf('/*', at)
    const end = begin < 0 ? -1 : css.indexOf('*/', begin + 2)
    if (end < 0) return bare + css.slice(at)
    bare += css.slice(at, begin)
    at = end + 2
  }
}

/** Pixels of the picture in a `data:` URL. Only plain base64: decoders differ about anything else. */
function embedded(link: string): number {
  const [head = '', ...rest] = link.split(',')
  const body = rest.join(',').replaceAll(/\s+/g, '')
  if (!/^data:image\/(png|jpe?g);base64$/i.test(head) || !/^[A-Za-z0-9+/]*={0,2}$/.test(body))
    throw outside(link)
  const picture = pictureOf(Buffer.from(body, 'base64'))
  if (!picture) throw refusal('a picture in its SVG is neither PNG nor JPEG')
  return picture.pixels
}

/** Follows the references as whoever draws it does, so that few lines cannot stand for millions. */
function checkDrawn(root: SvgElement, byId: ReadonlyMap<string, SvgElement>, styles: string): void {
  const known = new Map<SvgElement, { drawn: number; depth: number }>()
  const under = new Set<SvgElement>()
  /** A style may be of any element. */
  const ofStyles = named(styles)

  function measure(element: SvgElement): { drawn: number; depth: number } {
    const before = known.get(element)
    if (before) return before
    if (under.has(element)) throw refusal('a part of its SVG refers to itself')
    if (under.size > deepestDrawn) throw refusal(`its SVG nests deeper than ${deepestDrawn} elements`)
    under.add(element)
    let drawn = ownWeight(element)
    let depth = 1
    for (const part of partsOf(element)) {
      const of = measure(part)
      drawn += of.drawn
      depth = Math.max(depth, of.depth + 1)
    }
    if (drawn > mostDrawn) throw refusal(`its SVG unfolds to more than ${mostDrawn} elements`)
    if (depth > deepestDrawn) throw refusal(`its SVG nests deeper than ${deepestDrawn} elements`)
    under.delete(element)
    known.set(element, { drawn, depth })
    return { drawn, depth }
  }

  function* partsOf(element: SvgElement): Generator<SvgElement> {
    if (silent.test(element.name)) return
    yield* element.children
    for (const [name, value] of element.attributes) {
      const ids = name === 'href' && value.trim().startsWith('#') ? [value.trim().slice(1)] : named(value)
      for (const id of ids) yield* found(id)
    }
  }

  function* found(id: string): Generator<SvgElement> {
    const element = byId.get(id)
    if (element) yield element
  }

  const { drawn } = measure(root)
  const elements = [...all(root)].length
  const styled = ofStyles.flatMap(id => [...found(id)]).filter(({ name }) => !/Gradient$/.test(name))
  const ofEach = styled.reduce((sum, element) => sum + measure(element).drawn, 0)
  if (drawn + (elements * ofEach) / styledPart > mostDrawn)
    throw refusal(`its SVG unfolds to more than ${mostDrawn} elements`)
}

function ownWeight({ name, attributes, text }: SvgElement): number {
  if (silent.test(name)) return 1
  let weight = 1 + text.trim().length
  for (const [name, value] of attributes) {
    weight += Math.floor(value.length / charactersOfOne)
    const link = value.trim()
    if (name === 'href' && link.startsWith('data:'))
      weight += Math.ceil(embedded(link) / pixelsOfOne) - Math.floor(value.length / charactersOfOne)
  }
  return weight
}

/** Ids in `url(#id)`. */
function named(css: string): string[] {
  return [...css.matchAll(/url\(\s*["']?\s*#([^)"']*)/gi)].map(([, id = '']) => id.trim())
}

function outside(link: string): Problem {
  return refusal(`its SVG refers to ${JSON.stringify(link.slice(0, 60))}, outside of itself`)
}
