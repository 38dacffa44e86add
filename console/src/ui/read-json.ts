export type ReadJson = { value: unknown; fault?: never } | { value?: never; fault: string }

/** A text as JSON, or what is wrong with it and where: `Line 3: ...`. */
export function readJson(text: string): ReadJson {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    return { fault: sentence(text, error instanceof Error ? error.message : String(error)) }
  }
}

/** Browsers name a position, or line and column, or neither. */
function sentence(text: string, message: string): string {
  const [, line] = /\bline (\d+)/i.exec(message) ?? []
  const [, position] = /\bat position (\d+)/.exec(message) ?? []
  const what = message
    .replace(/^JSON\.parse: /, '')
    .replace(/ in JSON at position.*$/, '')
    .replace(/ \(line \d+ column \d+\)$/, '')
    .replace(/ at line \d+ column \d+.*$/, '')
  const found = line ?? (position && String(text.slice(0, Number(position)).split('\n').length))
  return found === undefined ? `Not JSON: ${what}.` : `Line ${found}: ${what}.`
}

export type JsonObject = { [name: string]: unknown }

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
