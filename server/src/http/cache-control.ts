/** One directive with its comma, or the end. Source: RFC 9111, 5.2; RFC 9110, 5.6. */
const directive = /[ \t]*(?:([^\s",=]+(?:[ \t]*=[ \t]*(?:[^\s",=]+|"(?:[^"\\]|\\.)*"))?)[ \t]*)?(?:,|$)/y
const forSharedCaches = /^(public|s-maxage|private)\b(?!-)/i

/** The same for one reader: no cache between us and them may keep it. What cannot be read is kept by none unasked. */
export function asPrivate(cacheControl: string): string {
  const directives = directivesOf(cacheControl)
  if (!directives) return 'private, no-cache'
  return ['private', ...directives.filter(text => !forSharedCaches.test(text))].join(', ')
}

function directivesOf(header: string): string[] | undefined {
  const found: string[] = []
  directive.lastIndex = 0
  while (directive.lastIndex < header.length) {
    const match = directive.exec(header)
    if (!match) return undefined
    if (match[1] !== undefined) found.push(match[1])
  }
  return found
}
