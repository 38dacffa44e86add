/** Whether lists and objects stand in one another more than so many times. Reads text that need not be valid JSON. */
export function isDeeper(json: string, levels: number): boolean {
  let depth = 0
  for (let at = 0; at < json.length; at++) {
    const sign = json.charCodeAt(at)
    if (sign === quote) at = endOfString(json, at)
    else if (sign === openList || sign === openObject) {
      depth += 1
      if (depth > levels) return true
    } else if (sign === closeList || sign === closeObject) depth -= 1
  }
  return false
}

const [quote, openList, openObject, closeList, closeObject, backslash] = [34, 91, 123, 93, 125, 92]

/** Of the closing quote, or the end of the text. */
function endOfString(json: string, start: number): number {
  let at = start + 1
  while (at < json.length && json.charCodeAt(at) !== quote) at += json.charCodeAt(at) === backslash ? 2 : 1
  return at
}
