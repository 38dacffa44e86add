import { randomHex } from './random-hex.ts'
import { unshared } from './unshared.ts'

/** A file of a form; `Uint8Array` and `Blob` (so `File`) alike. */
export type FileBytes = Blob | Uint8Array

export type FormPart = { name: string; value: string } | { name: string; file: FileBytes; fileName: string }

export type FormBytes = {
  contentType: string
  /** Of all pieces together. */
  sizeBytes: number
  pieces: (Blob | Uint8Array<ArrayBuffer>)[]
}

/**
 * `multipart/form-data` in the order of the parts, with its size known before it is sent; `FormData` tells neither
 * its size nor how far it got. Source: RFC 7578, with the escapes of the HTML standard (", CR and LF by percent).
 */
export function formBytes(parts: readonly FormPart[]): FormBytes {
  const boundary = `roundhouse-${randomHex()}`
  const encoder = new TextEncoder()
  const pieces: FormBytes['pieces'] = []
  for (const part of parts) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(part.name)}"`
    if ('file' in part) {
      const type = 'Content-Type: application/octet-stream'
      pieces.push(encoder.encode(`${head}; filename="${escaped(part.fileName)}"\r\n${type}\r\n\r\n`))
      pieces.push(part.file instanceof Blob ? part.file : unshared(part.file), encoder.encode('\r\n'))
    } else {
      pieces.push(encoder.encode(`${head}\r\n\r\n${part.value}\r\n`))
    }
  }
  pieces.push(encoder.encode(`--${boundary}--\r\n`))
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    sizeBytes: pieces.reduce(
      (sum, piece) => sum + (piece instanceof Blob ? piece.size : piece.byteLength),
      0,
    ),
    pieces,
  }
}

function escaped(text: string): string {
  return text.replace(/["\r\n]/g, character => encodeURIComponent(character))
}
