import { posix } from 'node:path'
import { Problem } from '@roundhouse/sdk/contract'

const plain = 'text/plain; charset=utf-8'
const byEnding: Readonly<Record<string, string>> = {
  '.md': 'text/markdown; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json',
  '.xml': 'application/xml',
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
}

/** What may be text; whether it is, its bytes say. */
const textual =
  /^(text\/|application\/(json|xml|yaml|x-yaml|x-ndjson|jsonl|csv|sql|toml|javascript|octet-stream)\b|[^;]+\+(json|xml|yaml)\b)/i

export function isReadable(contentType: string): boolean {
  return textual.test(contentType)
}

export function typeOfName(path: string): string {
  return byEnding[posix.extname(path).toLowerCase()] ?? plain
}

/**
 * A part of a file as text, without the halves of characters at its ends, and where it goes on.
 * @throws Problem `unsupported-media-type` for what is no UTF-8.
 */
export function readText(
  bytes: Buffer,
  { path, offset, size }: { path: string; offset: number; size: number },
): string {
  const start = offset === 0 ? 0 : firstWhole(bytes)
  const isLast = offset + bytes.length >= size
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    // As a stream: of a character that is cut at the end nothing is given, and no error.
    const text = decoder.decode(bytes.subarray(start), { stream: !isLast })
    if (text.includes('\0')) throw new TypeError('A text has no U+0000.')
    if (isLast) return text
    const end = offset + bytes.length - cutBytes(bytes)
    return `${text}\n[Cut: bytes ${offset + start} to ${end} of ${size}. Go on with offset ${end}.]`
  } catch (cause) {
    throw new Problem(
      'unsupported-media-type',
      `${path} is not text in UTF-8, ${size} bytes; it cannot be read.`,
      {
        cause,
      },
    )
  }
}

/** Past the rest of a character that began before. */
function firstWhole(bytes: Buffer): number {
  let start = 0
  while (start < Math.min(3, bytes.length) && isContinuation(bytes.readUInt8(start))) start += 1
  return start
}

/** At the end, of a character that goes on behind it. */
function cutBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes.readUInt8(bytes.length - back)
    if (isContinuation(byte)) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? back : 0
  }
  return 0
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}
