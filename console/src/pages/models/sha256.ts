/** The browser hashes what is in memory only, so not what is larger. */
const mostBytes = 512 * 1024 * 1024

/** In lower-case hex; undefined for a large file, and where the page did not come by https or from this machine. */
export async function sha256Of(file: Blob): Promise<string | undefined> {
  if (!isSecureContext || file.size > mostBytes) return undefined
  try {
    const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
    return Array.from(new Uint8Array(hash), byte => byte.toString(16).padStart(2, '0')).join('')
  } catch {
    // It cannot be read any more; the upload says so.
    return undefined
  }
}
