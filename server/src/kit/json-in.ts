/** Undefined when the text is no JSON. The parser's error is not kept: its message quotes the text. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
