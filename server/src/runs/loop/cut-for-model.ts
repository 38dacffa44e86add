const mostBytes = 32 * 1024

/**
 * What the model is told of what a tool gave, with a note where that is not all.
 * @param given What the tool gave, where rules of the agent have changed it. @param isCut The text is but a part of it.
 */
export function cutForModel(text: string, { given = text, isCut = false } = {}): string {
  const beginning = beginningOf(text)
  if (beginning === text && !isCut) return text
  return `${beginning}\n[Cut: the first ${kilobytes(beginning)} kB of ${kilobytes(given)} kB.]`
}

function beginningOf(text: string): string {
  if (Buffer.byteLength(text) <= mostBytes) return text
  // No character has less than a byte; one that is cut in two is left out.
  const bytes = Buffer.from(text.slice(0, mostBytes)).subarray(0, mostBytes)
  return new TextDecoder().decode(bytes, { stream: true })
}

function kilobytes(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 1024)
}
