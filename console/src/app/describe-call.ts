import { type Client, createClient } from '@roundhouse/sdk'

/** A request as the SDK would send it, and never did. `path` begins with a slash, with its query. */
export type DescribedCall = {
  method: string
  path: string
  /** Those that a reader must send too; the credential is not among them. */
  headers: Record<string, string>
  /** Text of the body; undefined without one, and for a form. */
  body: string | undefined
  /** Parts of a form: a value, or the name of a file. Its content type then is left to the sender. */
  form: { name: string; value: string; isFile: boolean }[] | undefined
}

/**
 * What a call of the SDK asks the server: the call is made with a `fetch` that only looks. Undefined for a call that asks for
 * nothing. A call of several requests is described by its first.
 */
export async function describeCall(call: (client: Client) => unknown): Promise<DescribedCall | undefined> {
  let described: DescribedCall | undefined
  const client = createClient({
    baseUrl: 'http://described.invalid',
    maxRetries: 0,
    async fetch(input, init) {
      const request = new Request(input instanceof Request ? input.url : String(input), {
        method: init?.method ?? 'GET',
        headers: init?.headers ?? {},
      })
      described ??= {
        method: request.method,
        path: request.url.slice(new URL(request.url).origin.length),
        headers: headersOf(request.headers),
        ...(await bodyOf(init?.body)),
      }
      // Nothing was sent. A refusal is final: what follows events comes back for ever after a lost connection.
      return new Response(null, { status: 400 })
    },
  })
  try {
    const asked = call(client)
    if (isIterable(asked)) await asked[Symbol.asyncIterator]().next()
    else await asked
  } catch {
    // It must fail: it was refused above.
  }
  return described
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** What curl and fetch say by themselves, and a key for retries, which is new at each call. */
const unsaid = new Set(['idempotency-key', 'content-length'])

function headersOf(headers: Headers): Record<string, string> {
  const shown: Record<string, string> = {}
  for (const [name, value] of headers) if (!unsaid.has(name)) shown[name] = value
  return shown
}

async function bodyOf(body: RequestInit['body']): Promise<Pick<DescribedCall, 'body' | 'form'>> {
  if (typeof body === 'string') return { body, form: undefined }
  if (body instanceof Uint8Array) return { body: new TextDecoder().decode(body), form: undefined }
  if (body instanceof Blob) return { body: undefined, form: partsOf(await body.text()) }
  return { body: undefined, form: undefined }
}

/** Of `multipart/form-data` as the SDK writes it; a file is there by its name alone. */
function partsOf(text: string): NonNullable<DescribedCall['form']> {
  const part =
    /name="([^"]*)"(?:; filename="([^"]*)"[^\r]*)?\r\n(?:Content-Type[^\r]*\r\n)?\r\n([\s\S]*?)\r\n--/g
  return [...text.matchAll(part)].map(([, name = '', file, value = '']) =>
    file === undefined ? { name, value, isFile: false } : { name, value: file, isFile: true },
  )
}
