/** What is used of XMLHttpRequest, the only way for a page to see how far an upload got. */
type Xhr = {
  status: number
  statusText: string
  response: unknown
  responseType: string
  withCredentials: boolean
  onload: (() => void) | null
  onerror: (() => void) | null
  onabort: (() => void) | null
  upload: { onprogress: ((event: { loaded: number }) => void) | null }
  open(method: string, url: string): void
  setRequestHeader(name: string, value: string): void
  getAllResponseHeaders(): string
  send(body: Blob): void
  abort(): void
}

export type XhrConstructor = new () => Xhr

type XhrRequest = {
  method: string
  headers: Headers
  body: Blob
  signal: AbortSignal
  credentials?: 'include'
  onProgress(sentBytes: number): void
}

export function xhrConstructor(): XhrConstructor | undefined {
  const found: unknown = Reflect.get(globalThis, 'XMLHttpRequest')
  return isConstructor(found) ? found : undefined
}

// The global of this name is defined by the XMLHttpRequest standard; nothing more can be checked without using it.
function isConstructor(found: unknown): found is XhrConstructor {
  return typeof found === 'function'
}

/** The same promise as `fetch`: a Response for every status, a rejection when none came. */
export function sendByXhr(Constructor: XhrConstructor, url: string, request: XhrRequest): Promise<Response> {
  const { signal } = request
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const xhr = new Constructor()
    const abort = () => xhr.abort()
    const settle = (finish: () => void) => () => {
      signal.removeEventListener('abort', abort)
      finish()
    }
    xhr.open(request.method, url)
    xhr.responseType = 'arraybuffer'
    xhr.withCredentials = request.credentials === 'include'
    request.headers.forEach((value, name) => {
      xhr.setRequestHeader(name, value)
    })
    xhr.upload.onprogress = event => request.onProgress(event.loaded)
    xhr.onload = settle(() => resolve(responseOf(xhr)))
    xhr.onerror = settle(() => reject(new TypeError('the connection failed')))
    xhr.onabort = settle(() => reject(signal.reason))
    signal.addEventListener('abort', abort, { once: true })
    xhr.send(request.body)
  })
}

function responseOf(xhr: Xhr): Response {
  const headers = new Headers()
  for (const line of xhr.getAllResponseHeaders().split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const { status, statusText } = xhr
  // A Response refuses a body, even an empty one, for these statuses.
  const body =
    status === 204 || status === 304 || !(xhr.response instanceof ArrayBuffer) ? null : xhr.response
  return new Response(body, { status, statusText, headers })
}
