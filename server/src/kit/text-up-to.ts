/** Bytes as text, and whether there are more of them than `maxBytes`, which are then left. */
export async function textUpTo(
  parts: AsyncIterable<Buffer>,
  maxBytes: number,
): Promise<{ text: string; isMore: boolean }> {
  const taken: Buffer[] = []
  let sizeBytes = 0
  for await (const part of parts) {
    taken.push(part)
    sizeBytes += part.length
    if (sizeBytes > maxBytes) return { text: Buffer.concat(taken, maxBytes).toString(), isMore: true }
  }
  return { text: Buffer.concat(taken, sizeBytes).toString(), isMore: false }
}
