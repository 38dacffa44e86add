/** In the format that the client asked for, whichever the provider gave: not all know both. */
export function embeddingIn(
  format: 'float' | 'base64',
  embedding: readonly number[] | string,
): readonly number[] | string {
  if (typeof embedding === 'string') return format === 'base64' ? embedding : floatsOf(embedding)
  return format === 'float' ? embedding : Buffer.from(new Float32Array(embedding).buffer).toString('base64')
}

/** Little-endian float32, as all machines are that Node runs on. */
function floatsOf(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64')
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readFloatLE(4 * index))
}
