import { htmlText } from './html-text.ts'

/** More is not read: of what was read 32 kB are told. */
const mostBytes = 1024 * 1024
/** Read beside it, so that a secret that is repeated where it ends is seen whole. Servers take headers of 16 kB at most. */
const overlapBytes = 32 * 1024
const textTypes =
  /^(?:text\/|application\/(?:[\w.+-]+\+)?(?:json|xml|yaml|x-yaml|javascript|ecmascript|x-www-form-urlencoded|x-ndjson|ndjson|graphql|sql|toml)$)/

/**
 * An answer as it is told to a model: status and type, then its text. JSON is told without blanks, of a page what can be
 * read on it, of anything that is no text only what it is.
 */
export async function tellAnswer(response: Response, redact: (text: string) => string): Promise<string> {
  const { status, body } = response
  const type = shown(redact(response.headers.get('content-type') ?? ''))
  const head = [status, type].filter(part => part !== '').join(' ')
  const essence = type.split(';')[0]?.trim().toLowerCase() ?? ''
  if (essence !== '' && !textTypes.test(essence)) {
    await body?.cancel()
    return `${head}\n\n[The answer is not text and is not shown.]`
  }
  const { bytes, isMore } = await readUpTo(body, mostBytes + overlapBytes)
  if (bytes.length === 0) return `${head}\n\n[The answer is empty.]`
  const text = decoded(bytes, type)
  if (text.includes('\0')) return `${head}\n\n[The answer is not text and is not shown.]`
  // Before it is unpacked, and of what came out of it: an answer may spell a character in many a way.
  const whole = redact(text)
  const told = redact(readable(isMore ? whole.slice(0, -overlapBytes) : whole, essence, isMore))
  return `${head}\n\n${told}${isMore ? `\n[Cut: only the first ${mostBytes / 1024} kB were read.]` : ''}`
}

function readable(text: string, essence: string, isMore: boolean): string {
  if (/^(?:text\/html|application\/xhtml\+xml)$/.test(essence)) return htmlText(text)
  if (isMore || !/[/+]json$/.test(essence)) return text
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return text
  }
}

async function readUpTo(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<{ bytes: Buffer; isMore: boolean }> {
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  // Leaving the loop lets go of the rest.
  for await (const part of body ?? []) {
    parts.push(part)
    sizeBytes += part.byteLength
    if (sizeBytes > maxBytes) break
  }
  return { bytes: Buffer.concat(parts).subarray(0, maxBytes), isMore: sizeBytes > maxBytes }
}

function decoded(bytes: Uint8Array, type: string): string {
  const charset = /;\s*charset="?([\w.:-]+)/i.exec(type)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}

function shown(type: string): string {
  return type.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 100)
}
