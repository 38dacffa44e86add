const literals = ['true', 'false', 'null']
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/**
 * Where a text that `JSON.parse` refused stops being JSON: the index of the first character that cannot stand
 * there, or the length of the text when it ends too early. The messages of the engines often leave it out.
 */
export function findJsonError(text: string): number {
  const open: ('{' | '[')[] = []
  let at = 0
  /** What may come next: a value, a value or the end of an array, a key, a key or the end of an object, or what follows a value. */
  let next: 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'after' = 'value'
  while (true) {
    at = skipSpace(text, at)
    const char = text[at]
    if (char === undefined) return at
    if (next === 'after') {
      const inside = open.at(-1)
      if (char === ',' && inside !== undefined) next = inside === '{' ? 'key' : 'value'
      else if ((char === '}' && inside === '{') || (char === ']' && inside === '[')) open.pop()
      else return at
      at++
    } else if ((next === 'value-or-end' && char === ']') || (next === 'key-or-end' && char === '}')) {
      open.pop()
      next = 'after'
      at++
    } else if (next === 'key' || next === 'key-or-end') {
      const string = skipString(text, at)
      if (!string.ok) return string.at
      at = skipSpace(text, string.at)
      if (text[at] !== ':') return at
      at++
      next = 'value'
    } else if (char === '{' || char === '[') {
      open.push(char)
      next = char === '{' ? 'key-or-end' : 'value-or-end'
      at++
    } else {
      const value = char === '"' ? skipString(text, at) : skipWord(text, at)
      if (!value.ok) return value.at
      at = value.at
      next = 'after'
    }
  }
}

type Skipped = { ok: boolean; at: number }

function skipSpace(text: string, start: number): number {
  let at = start
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++
  return at
}

function skipString(text: string, start: number): Skipped {
  if (text[start] !== '"') return { ok: false, at: start }
  let at = start + 1
  while (at < text.length && text[at] !== '"') {
    if (text[at] === '\\') {
      escaped.lastIndex = at
      if (!escaped.test(text)) return { ok: false, at }
      at = escaped.lastIndex
    } else if (text.charCodeAt(at) < 0x20) {
      return { ok: false, at }
    } else at++
  }
  return at < text.length ? { ok: true, at: at + 1 } : { ok: false, at }
}

function skipWord(text: string, start: number): Skipped {
  const literal = literals.find(word => text.startsWith(word, start))
  if (literal !== undefined) return { ok: true, at: start + literal.length }
  number.lastIndex = start
  return number.test(text) ? { ok: true, at: number.lastIndex } : { ok: false, at: start }
}
