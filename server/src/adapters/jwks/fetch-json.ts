/** A JWK set has a few kilobytes. */
const largestBytes = 1024 * 1024

/**
 * Reads a JSON document of at most 1 MiB. Redirects are not followed: the address is the operator's, and nobody else's.
 *
 * @throws Error when the address does not answer with one, TypeError when it does not answer, the signal's reason
 */
export async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, {
    redirect: 'error',
    signal,
    // The next fetch comes in ten minutes: an idle connection would only be in the way of stopping.
    headers: { accept: 'application/json', connection: 'close' },
  })
  if (!response.ok || !response.body) {
    await response.body?.cancel()
    throw new Error(`${url} answered ${response.status}, expected 200 with a JSON document.`)
  }
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of response.body) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > largestBytes) throw new Error(`${url} answered with more than ${largestBytes} bytes.`)
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}
