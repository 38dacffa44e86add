/**
 * The first name in this JSON text that is reserved, or that its object has twice; else undefined. RFC 8259 leaves open
 * which of two counts, so that a check and what it guards may read different values. The text must have been parsed: a
 * string before a colon is then a name, whatever escapes it is written with.
 */
export function refusedName(json: string, reserved: readonly string[] = []): string | undefined {
  const open: Set<string>[] = []
  for (const [token, colon] of json.matchAll(/"(?:\\.|[^"\\])*"(\s*:)?|[{}]/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (colon !== undefined) {
      const name = String(JSON.parse(token.slice(0, -colon.length)))
      const names = open.at(-1)
      if (names?.has(name) || reserved.includes(name)) return name
      names?.add(name)
    }
  }
  return undefined
}
