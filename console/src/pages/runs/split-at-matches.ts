/** More are not marked: a letter that is searched for stands everywhere. */
const mostMatches = 2000

/** What does not match, what does, by turns; a text without matches is one part. Case does not count. */
export function splitAtMatches(text: string, wanted: string): string[] {
  const needle = wanted.trim()
  if (needle === '') return [text]
  const pattern = new RegExp(needle.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'gi')
  const parts: string[] = []
  let from = 0
  for (const match of text.matchAll(pattern)) {
    if (parts.length >= mostMatches * 2) break
    parts.push(text.slice(from, match.index), match[0])
    from = match.index + match[0].length
  }
  return [...parts, text.slice(from)]
}
