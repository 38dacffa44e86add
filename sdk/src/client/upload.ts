import { type FileBytes, type FormBytes, type FormPart, formBytes } from './form.ts'
import { unshared } from './unshared.ts'
import { sendByXhr, xhrConstructor } from './xhr.ts'

/** Bytes of the request body handed to the connection so far; starts again at 0 when the upload is tried again. */
export type UploadProgress = { sentBytes: number; totalBytes: number }

/** A form, or one file as the whole body. */
export type Upload = ({ parts: readonly FormPart[] } | { file: FileBytes; contentType: string }) & {
  onProgress?: ((progress: UploadProgress) => void) | undefined
}

type SendUploadOptions = {
  method: string
  headers: Headers
  upload: Upload
  deadline: { signal: AbortSignal; extend(): void }
  credentials: 'include' | undefined
  fetch: typeof fetch | undefined
}

/**
 * Sends a form or a file and reports the progress in the way the place allows: a page by XMLHttpRequest, Node by
 * a streaming body (browsers stream bodies over HTTP/2 only), a service worker not at all until the end.
 */
export async function sendUpload(url: string, options: SendUploadOptions): Promise<Response> {
  const { method, headers, upload, deadline, credentials } = options
  const form = 'parts' in upload ? formBytes(upload.parts) : fileBody(upload)
  headers.set('content-type', form.contentType)
  const progress = (sentBytes: number) => {
    deadline.extend()
    upload.onProgress?.({ sentBytes, totalBytes: form.sizeBytes })
  }
  const request = { method, headers, signal: deadline.signal, ...(credentials && { credentials }) }

  const Xhr = options.fetch ? undefined : xhrConstructor()
  if (Xhr) return sendByXhr(Xhr, url, { ...request, body: new Blob(form.pieces), onProgress: progress })
  const send = options.fetch ?? fetch
  if (!streamsBodies()) {
    const response = await send(url, { ...request, body: new Blob(form.pieces) })
    progress(form.sizeBytes)
    return response
  }
  headers.set('content-length', String(form.sizeBytes))
  // fetch refuses a streaming body without `duplex`, which the DOM's RequestInit does not list yet.
  const streaming: RequestInit & { duplex: 'half' } = {
    ...request,
    body: streamOf(form.pieces, progress),
    duplex: 'half',
  }
  return send(url, streaming)
}

function fileBody({ file, contentType }: { file: FileBytes; contentType: string }): FormBytes {
  const piece = file instanceof Blob ? file : unshared(file)
  return { contentType, sizeBytes: file instanceof Blob ? file.size : file.byteLength, pieces: [piece] }
}

/** Node, and what calls itself compatible with it. */
function streamsBodies(): boolean {
  const process: unknown = Reflect.get(globalThis, 'process')
  return typeof process === 'object' && process !== null && 'versions' in process
}

/** Pulled only as fast as the connection takes it, so that a large file is never held in memory twice. */
function streamOf(
  pieces: readonly (Blob | Uint8Array<ArrayBuffer>)[],
  onProgress: (sentBytes: number) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = chunksOf(pieces)
  let sentBytes = 0
  return new ReadableStream(
    {
      async pull(controller) {
        const next = await chunks.next()
        if (next.done) return controller.close()
        controller.enqueue(next.value)
        sentBytes += next.value.byteLength
        onProgress(sentBytes)
      },
      async cancel() {
        await chunks.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
}

const chunkBytes = 64 * 1024

async function* chunksOf(
  pieces: readonly (Blob | Uint8Array<ArrayBuffer>)[],
): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
  for (const piece of pieces) {
    const sizeBytes = piece instanceof Blob ? piece.size : piece.byteLength
    for (let start = 0; start < sizeBytes; start += chunkBytes) {
      const end = Math.min(sizeBytes, start + chunkBytes)
      // A slice per chunk, not blob.stream(): it stops reading at once when the upload is given up.
      yield piece instanceof Blob
        ? new Uint8Array(await piece.slice(start, end).arrayBuffer())
        : piece.subarray(start, end)
    }
  }
}
