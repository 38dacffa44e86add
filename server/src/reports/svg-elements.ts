/** An element of an SVG: names without their prefix, values and text with their references resolved. */
export type SvgElement = {
  readonly name: string
  readonly attributes: readonly (readonly [name: string, value: string])[]
  readonly children: readonly SvgElement[]
  /** Directly in it. */
  readonly text: string
}

type Open = { name: string; attributes: [string, string][]; children: Open[]; text: string }

const deepest = 64
const mostElements = 10_000
const startTag = /<([\p{L}_][^\s/<>=]*)((?:\s+[^\s/<>="']+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/uy
const documentType = /<!doctype\s[^[\]<>]*>/iy
const attribute = /([^\s/<>="']+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g

/**
 * Reads what an SVG file may hold here: XML without processing instructions and without entities but the five of XML. Each
 * character is passed once.
 * @param refuse Gives what to throw.
 */
export function readSvg(text: string, refuse: (why: string) => Error): SvgElement {
  const root: Open = { name: '', attributes: [], children: [], text: '' }
  const open = [root]
  let elements = 0
  let at = 0

  function past(end: string, from: number): number {
    const found = text.indexOf(end, from)
    if (found < 0) throw refuse('its SVG is not whole')
    return found + end.length
  }

  /** Drawing programs name the one of SVG; one with entities of its own is not taken. */
  function pastDocumentType(): number {
    documentType.lastIndex = at
    const [found] = documentType.exec(text) ?? []
    if (found === undefined) throw refuse('its SVG has a document type with entities; remove it')
    return at + found.length
  }

  while (at < text.length) {
    const here = open.at(-1) ?? root
    if (text[at] !== '<') {
      const next = text.indexOf('<', at)
      const end = next < 0 ? text.length : next
      here.text += resolved(text.slice(at, end))
      at = end
    } else if (text.startsWith('<!--', at)) at = past('-->', at + 4)
    else if (text.startsWith('<![CDATA[', at)) {
      const end = past(']]>', at)
      here.text += text.slice(at + 9, end - 3)
      at = end
    } else if (text.startsWith('<?xml ', at) && elements === 0) at = past('?>', at)
    else if (text.startsWith('<!', at)) at = pastDocumentType()
    else if (text.startsWith('</', at)) {
      if (open.length === 1) throw refuse('its SVG is not whole')
      open.pop()
      at = past('>', at)
    } else {
      startTag.lastIndex = at
      const [tag, name = '', attributes = '', closed] = startTag.exec(text) ?? []
      if (tag === undefined) throw refuse('its SVG cannot be read')
      at += tag.length
      elements += 1
      const element: Open = {
        name: localName(name),
        attributes: attributesOf(attributes),
        children: [],
        text: '',
      }
      here.children.push(element)
      if (closed === '') open.push(element)
      if (elements > mostElements) throw refuse(`its SVG has more than ${mostElements} elements`)
      if (open.length > deepest) throw refuse(`its SVG nests deeper than ${deepest} elements`)
    }
  }
  const [top, ...more] = root.children
  if (!top || more.length > 0 || open.length > 1) throw refuse('its SVG is not whole')
  return top
}

function attributesOf(text: string): [string, string][] {
  return [...text.matchAll(attribute)].map(([, name = '', double, single = '']) => [
    localName(name),
    resolved(double ?? single),
  ])
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function resolved(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{1,8}));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return named[name] ?? whole
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole
  })
}
