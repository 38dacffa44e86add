/** Elements of a page that nobody reads. */
const unread = 'script|style|noscript|template|svg|head|iframe|object|select'
/** A comment; an unread element with all in it; any other tag. What is not closed goes to the end, so each is passed once. */
const marks = new RegExp(
  `<!--[^]*?(?:-->|$)|<(${unread})\\b[^]*?(?:</\\1\\s*>|$)|<(/?)([a-z][a-z0-9-]*)\\b[^>]*(?:>|$)|<[!?][^>]*(?:>|$)`,
  'gi',
)
const inline =
  /^(?:a|abbr|b|bdi|bdo|cite|code|dfn|em|font|i|kbd|mark|q|s|samp|small|span|strong|sub|sup|time|u|var|wbr)$/i
const cells = /^t[dh]$/i
const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  copy: '©',
  euro: '€',
}

/**
 * What stands on a page, for a model: lines of text. In one pass over it, whatever it is made of: a parser that keeps a
 * tree took 1.7 s for 256 kB of nested lists (2026-11-22).
 */
export function htmlText(html: string): string {
  return (
    html
      .replaceAll(/\s+/g, ' ')
      .replaceAll(marks, (_mark, _unread, slash: string | undefined, name: string | undefined) => {
        if (name === undefined || inline.test(name)) return ''
        if (cells.test(name)) return slash === '/' ? ' | ' : ''
        return /^li$/i.test(name) && slash === '' ? '\n- ' : '\n'
      })
      .replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, decoded)
      .split('\n')
      // By a pattern for blanks at the end of a line, blanks that end none took 90 s (2026-11-22).
      .map(line => line.replaceAll(/\s+/g, ' ').trim())
      .filter(line => line !== '')
      .join('\n')
  )
}

function decoded(text: string, decimal?: string, hexadecimal?: string, name = ''): string {
  if (decimal === undefined && hexadecimal === undefined) return entities[name.toLowerCase()] ?? text
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal)
  return code > 31 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
    ? String.fromCodePoint(code)
    : ' '
}
