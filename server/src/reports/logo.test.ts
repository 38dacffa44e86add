import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, deflateSync } from 'node:zlib'
import { logoKind } from './logo.ts'

const svg = (inner: string) =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 40 10">${inner}</svg>`,
  )

/** Of one bit for each pixel: 900 million are 110 kB. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, body: Buffer) => {
    const bytes = Buffer.alloc(12 + body.length)
    bytes.writeUInt32BE(body.length, 0)
    bytes.write(type, 4, 'latin1')
    body.copy(bytes, 8)
    bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + body.length)), 8 + body.length)
    return bytes
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([1, 0], 8)
  const rows = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height))
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const image = (bytes: Buffer) =>
  `<image width="4" height="1" xlink:href="data:image/png;base64,${bytes.toString('base64')}"/>`

function uses(depth: number, fan: number): Buffer {
  let inner = '<defs><g id="n0"><rect width="1" height="1"/></g>'
  for (let level = 1; level <= depth; level++)
    inner += `<g id="n${level}">${`<use href="#n${level - 1}"/>`.repeat(fan)}</g>`
  return svg(`${inner}</defs><use href="#n${depth}"/>`)
}

test('logos as drawing programs write them are taken', () => {
  const good = {
    Illustrator: Buffer.from(
      `<?xml version="1.0" encoding="utf-8"?>
      <!-- Generator: Adobe Illustrator, SVG Export Plug-In -->
      <!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
      <svg version="1.1" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10"><style type="text/css">
        .st0{clip-path:url(#a);fill:url(#b);filter:none;} /* colours */
      </style><linearGradient id="b"><stop offset="0" style="stop-color:#fff"/></linearGradient>
      <clipPath id="a"><rect width="9" height="9"/></clipPath>${'<path class="st0" d="M0,0h9"/>'.repeat(500)}</svg>`,
    ),
    Inkscape: svg(
      `<sodipodi:namedview inkscape:export-filename="C:\\Users\\a\\logo.png"/><metadata><rdf:RDF><cc:Work
        rdf:about=""/></rdf:RDF></metadata><g inkscape:label="a &gt; b"><text>Roundhouse &amp; Sons</text></g>`,
    ),
    'a picture within': svg(image(png(500, 500))),
    'a symbol that is used': svg('<symbol id="a"><path d="M0 0"/></symbol><use xlink:href="#a"/>'),
    'a long path': svg(`<path d="${'1 2 '.repeat(200_000)}"/>`),
  }
  for (const [what, bytes] of Object.entries(good)) assert.equal(logoKind(bytes), 'svg', what)
  assert.equal(logoKind(png(5000, 5000)), 'png')
})

test('a small file that would take long to draw, or all memory, is refused before it is drawn', () => {
  const turbulence = '<feTurbulence baseFrequency="3" numOctaves="100000"/>'
  const bad = {
    'a filter of one line': svg(`<filter id="f">${turbulence}</filter><rect filter="url(#f)"/>`),
    'a filter with a prefix': svg(`<s:filter xmlns:s="http://www.w3.org/2000/svg" id="f"/>`),
    'a filter in a style': svg('<rect style="opacity:1;filter : blur(900px)"/>'),
    'a filter in a style sheet': svg('<style><![CDATA[rect{filter:blur(900px)}]]></style><rect/>'),
    'a filter behind a comment': svg('<rect style="/*filter*/filter/**/:blur(900px)"/>'),
    'a filter in references': svg('<rect style="&#102;ilter:blur(&#x39;px)"/>'),
    'a filter in escapes': svg('<rect style="\\66ilter:blur(9px)"/>'),
    'ten to the fifth by use': uses(5, 10),
    'ten to the eighth by use': uses(8, 10),
    'a part that uses itself': svg('<g id="a"><use href="#a"/></g>'),
    'a pattern in all its users': svg(
      `<pattern id="p">${'<rect/>'.repeat(200)}</pattern>${'<rect fill="url(#p)"/>'.repeat(200)}`,
    ),
    'a pattern by style sheet': svg(
      `<style>rect{fill:url(#p)}</style><pattern id="p">${'<path/>'.repeat(400)}</pattern>${'<rect/>'.repeat(400)}`,
    ),
    'a long path, used often': svg(
      `<path id="a" d="${'1 2 '.repeat(90_000)}"/>${'<use href="#a"/>'.repeat(100)}`,
    ),
    'a hundred thousand in each other': svg(`${'<g>'.repeat(100_000)}${'</g>'.repeat(100_000)}`),
    'a deep chain of uses': svg(
      Array.from({ length: 500 }, (_, index) => `<g id="n${index}"><use href="#n${index + 1}"/></g>`).join(
        '',
      ),
    ),
    'ten thousand and more': svg('<rect/>'.repeat(10_001)),
    'a huge picture within': svg(image(png(30_000, 30_000))),
    'many pictures within': svg(image(png(3000, 3000)).repeat(4)),
    'one picture, used often': svg(`<g id="a">${image(png(2000, 2000))}</g>${'<use href="#a"/>'.repeat(9)}`),
    'a huge picture': png(30_000, 30_000),
  }
  for (const [what, bytes] of Object.entries(bad))
    assert.throws(
      () => logoKind(bytes),
      { code: 'invalid-request', message: /^data\.logo: this logo cannot be used: / },
      what,
    )
})

test('what leads outside, or is no whole SVG, is refused in a moment however it is written', () => {
  const bad = {
    'a picture elsewhere in references': svg('<image href="&#104;ttps://example.com/a.png"/>'),
    'a fill elsewhere in references': svg('<rect fill="u&#114;l(https://example.com/a.svg#b)"/>'),
    'an SVG in a picture': svg('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>'),
    'an SVG that says it is a PNG': svg(`<image href="data:image/png;base64,PHN2Zy8+"/>`),
    'a picture that is written in two ways': svg('<image href="data:image/png;base64,iVBORw0K%47goAAAA"/>'),
    'an entity': Buffer.from(`<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>`),
    'two at once': Buffer.from('<svg></svg><svg></svg>'),
    'half of one': Buffer.from('<svg><g>'),
    'another page': Buffer.from('<html></html>'),
    'only comments': Buffer.from(`${'<!---->'.repeat(100_000)}x`),
    'a tag without an end': svg(`<rect ${' '.repeat(500_000)}x`),
  }
  for (const [what, bytes] of Object.entries(bad))
    assert.throws(() => logoKind(bytes), { code: 'invalid-request' }, what)
})
