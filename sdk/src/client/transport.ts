import { isProblem } from '../contract/problem.ts'
import { problemCodes } from '../contract/problem-codes.ts'
import { type Deadline, openDeadline } from './deadline.ts'
import { ConnectionError } from './errors.ts'
import { randomHex } from './random-hex.ts'
import { problemOf, type Reply, saysNothingDone } from './reply.ts'
import { backoffMs, longestWaitMs, wait } from './retry.ts'
import { unshared } from './unshared.ts'
import { sendUpload, type Upload } from './upload.ts'

export type Token = string | (() => string | undefined | Promise<string | undefined>)

export type TransportOptions = {
  /** Without a slash at the end. */
  baseUrl: string
  token: Token | undefined
  credentials: 'include' | undefined
  fetch: typeof fetch | undefined
  maxRetries: number
  timeoutMs: number
}

/** What every call takes. */
export type CallOptions = {
  signal?: AbortSignal | undefined
  /** Milliseconds for each try, the reading of the reply included; for an upload, without progress. */
  timeoutMs?: number | undefined
  /**
   * For changes by POST under `/api/v1`: the server does what it was asked under one key once, and gives its answer to
   * every later call with this key for 24 hours, also from another process. Calls that create something make a key
   * for their own retries when none is given.
   */
  idempotencyKey?: string | undefined
}

export type Call = {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  query?: Readonly<Record<string, string | number | boolean | undefined>>
  headers?: Readonly<Record<string, string>>
  body?: string | Uint8Array
  upload?: Upload
  /** How a good reply's body is given, instead of as bytes. The time of the try then counts from the last of it. */
  receive?: 'blob' | 'stream'
  /** Told of the body of a blob as it comes. */
  onReceive?: ((receivedBytes: number) => void) | undefined
  /** Whether doing it twice is the same as doing it once. Unset: true, but for POST. */
  idempotent?: boolean
  /** Done once by a key, so that it may be tried again. Only for what the server takes keys for. */
  creates?: boolean
  /** Instead of that of the client. */
  maxRetries?: number
  /** Statuses beside 2xx that are an answer, not a problem. */
  accepts?: readonly number[]
}

/**
 * One call with its retries.
 * @throws Problem for any status but 2xx and `accepts`; ConnectionError when no reply came; the signal's reason.
 */
export type Send = (call: Call, options?: CallOptions) => Promise<Reply>

export function jsonCall(method: 'POST' | 'PUT' | 'PATCH', path: string, body: string): Call {
  return { method, path, body, headers: { 'content-type': 'application/json' } }
}

type Failure = { error: unknown; refusal?: Reply }
type Outcome = { reply: Reply } | Failure

export function createTransport(transport: TransportOptions): Send {
  return async function send(asked, options = {}) {
    const call = withKey(asked, options)
    for (let retry = 0; ; retry++) {
      options.signal?.throwIfAborted()
      const outcome = await attempt(transport, call, options)
      if ('reply' in outcome) return outcome.reply
      const maxRetries = call.maxRetries ?? transport.maxRetries
      const waitMs = retry < maxRetries ? retryWaitMs(call, outcome, retry) : undefined
      if (waitMs === undefined) throw outcome.error
      await wait(waitMs, options.signal)
    }
  }
}

/** The same key for every try. */
function withKey(call: Call, { idempotencyKey }: CallOptions): Call {
  const key = idempotencyKey ?? (call.creates ? randomHex() : undefined)
  if (key === undefined || call.method !== 'POST' || !call.path.startsWith('/api/v1/')) return call
  const quoted = `"${key.replace(/["\\]/g, '\\$&')}"`
  return { ...call, headers: { ...call.headers, 'idempotency-key': quoted }, idempotent: true }
}

async function attempt(transport: TransportOptions, call: Call, options: CallOptions): Promise<Outcome> {
  const headers = await headersOf(transport, call)
  const url = urlOf(transport, call)
  const timeoutMs = options.timeoutMs ?? transport.timeoutMs
  const deadline = openDeadline(timeoutMs, options.signal)
  let isHandedOn = false
  const failed = (cause: unknown) => {
    const sentence = deadline.passed()
      ? `${call.method} ${url} was not answered within ${timeoutMs} ms.`
      : `${call.method} ${url} got no reply: ${reasonOf(cause)}. Is the server running there?`
    return new ConnectionError(deadline.passed() ? 'timeout' : 'unreachable', sentence, { cause })
  }
  try {
    const response = await exchange(transport, call, url, headers, deadline)
    const { status, headers: fields } = response
    const head = { call: `${call.method} ${call.path}`, status, headers: fields }
    if (response.ok && call.receive === 'stream') {
      isHandedOn = true
      const stream = bodyStream(response, deadline, cause =>
        options.signal?.aborted ? cause : failed(cause),
      )
      return { reply: { ...head, body: noBytes, stream } }
    }
    if (response.ok && call.receive === 'blob')
      return { reply: { ...head, body: noBytes, blob: await readBlob(response, deadline, call.onReceive) } }
    const reply = { ...head, body: new Uint8Array(await response.arrayBuffer()) }
    if (response.ok || call.accepts?.includes(status)) return { reply }
    return { error: problemOf(reply), refusal: reply }
  } catch (cause) {
    options.signal?.throwIfAborted()
    return { error: failed(cause) }
  } finally {
    if (!isHandedOn) deadline.close()
  }
}

const noBytes = new Uint8Array(0)

function exchange(
  transport: TransportOptions,
  call: Call,
  url: string,
  headers: Headers,
  deadline: { signal: AbortSignal; extend(): void },
): Promise<Response> {
  const { credentials } = transport
  if (call.upload) {
    return sendUpload(url, {
      method: call.method,
      headers,
      upload: call.upload,
      deadline,
      credentials,
      fetch: transport.fetch,
    })
  }
  const body = call.body instanceof Uint8Array ? unshared(call.body) : (call.body ?? null)
  const { signal } = deadline
  const init = { method: call.method, headers, signal, body, ...(credentials && { credentials }) }
  return (transport.fetch ?? fetch)(url, init)
}

/** A long download has the time of one try for each part, not for all. */
async function readBlob(
  response: Response,
  deadline: { extend(): void },
  onReceive: Call['onReceive'],
): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  let receivedBytes = 0
  const reader = response.body?.getReader()
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    parts.push(part.value)
    receivedBytes += part.value.byteLength
    deadline.extend()
    onReceive?.(receivedBytes)
  }
  return new Blob(parts)
}

/** Read as fast as the caller reads: the time counts only while a part is waited for. */
function bodyStream(
  response: Response,
  deadline: Deadline,
  toError: (cause: unknown) => unknown,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader()
  deadline.pause()
  return new ReadableStream(
    {
      async pull(controller) {
        deadline.extend()
        try {
          const part = await reader?.read()
          if (part && !part.done) {
            deadline.pause()
            return controller.enqueue(part.value)
          }
          controller.close()
        } catch (cause) {
          controller.error(toError(cause))
        }
        deadline.close()
      },
      async cancel(reason) {
        deadline.close()
        await reader?.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

/**
 * Milliseconds to wait before the same call is sent again; undefined when it must not be.
 * A call that may not be done twice is repeated only where it surely was not done: the server said so, or no
 * connection came about.
 */
function retryWaitMs(call: Call, failure: Failure, retry: number): number | undefined {
  const { error, refusal } = failure
  const idempotent = call.idempotent ?? call.method !== 'POST'
  if (isProblem(error) && refusal) {
    const passes = passingStatuses.has(refusal.status) || error.code === 'idempotency-running'
    const safe = idempotent ? passes : saysNothingDone(refusal)
    if (!safe || !problemCodes[error.code].retryable) return undefined
    if (error.retryAfterSeconds === undefined) return backoffMs(retry, Math.random)
    const waitMs = error.retryAfterSeconds * 1000
    return waitMs <= longestWaitMs ? waitMs : undefined
  }
  return idempotent || neverSent(error) ? backoffMs(retry, Math.random) : undefined
}

const passingStatuses = new Set([429, 502, 503, 504])
const codesBeforeSending = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])

function neverSent(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && codesBeforeSending.has(cause.code)) return true
  }
  return false
}

/** The innermost message: Node says "fetch failed" and keeps what happened in the cause. */
function reasonOf(cause: unknown): string {
  let reason = cause
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause
  if (!(reason instanceof Error)) return String(reason)
  return reason.message || ('code' in reason ? String(reason.code) : reason.name)
}

async function headersOf(transport: TransportOptions, call: Call): Promise<Headers> {
  const headers = new Headers(call.headers)
  const token = typeof transport.token === 'function' ? await transport.token() : transport.token
  if (token) headers.set('authorization', `Bearer ${token.trim()}`)
  return headers
}

function urlOf(transport: TransportOptions, call: Call): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) query.set(name, String(value))
  }
  const search = query.toString()
  return `${transport.baseUrl}${call.path}${search && `?${search}`}`
}
