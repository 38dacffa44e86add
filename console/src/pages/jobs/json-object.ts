/** A JSON object out of what a person wrote, or a sentence that says why it is none. */
export function readObject(
  text: string,
): { value: Record<string, unknown>; problem?: undefined } | { value?: undefined; problem: string } {
  if (text.trim() === '') return { value: {} }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { value: Object.fromEntries(Object.entries(value)) }
    return { problem: 'This is JSON, but not an object: it begins with { and ends with }.' }
  } catch (error) {
    return { problem: `This is not JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
}
