import type { z } from 'zod'
import { Problem } from '../contract/problem.ts'
import { type ProblemCode, problemCodes } from '../contract/problem-codes.ts'
import { UnexpectedReply } from './errors.ts'
import { retryAfterSeconds } from './retry.ts'
import { storageRefusal } from './storage-problem.ts'

export type Reply = {
  /** For sentences: `GET /api/v1/models`. */
  readonly call: string
  readonly status: number
  readonly headers: Headers
  /** Empty when a call has asked for `blob` or `stream`, and got it. */
  readonly body: Uint8Array
  readonly blob?: Blob
  readonly stream?: ReadableStream<Uint8Array<ArrayBuffer>>
}

/**
 * Reads a JSON reply.
 * @throws UnexpectedReply when it is not JSON or not of the schema; Problem when its status is not 2xx besides.
 */
export function readReply<Schema extends z.ZodType>(schema: Schema, reply: Reply): z.infer<Schema> {
  const json = parseJson(reply.body)
  const read = json.ok ? schema.safeParse(json.value) : undefined
  if (read?.success) return read.data
  if (reply.status >= 300) throw problemOf(reply)
  if (!json.ok) throw unexpected(reply, 'is not JSON', json.cause)
  const issue = read?.error.issues[0]
  const where = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''
  throw unexpected(reply, `is not of the documented form (${where}${issue?.message})`, read?.error)
}

/** Problem of a reply that is not 2xx, whoever wrote it: this server, its `/v2` surface, or a proxy in between. */
export function problemOf(reply: Reply): Problem {
  const json = parseJson(reply.body)
  const body: unknown = json.ok ? json.value : undefined
  const storage = storageRefusal(body)
  const detail = textField(body, storage ? 'message' : 'detail')
  const error = textField(body, 'error')
  const requestId = textField(body, 'request_id') ?? requestIdOf(reply)
  const seconds = retryAfterSeconds(reply.headers.get('retry-after'), Date.now())
  return new Problem(
    storage
      ? (storage.code ?? storageCode(storage.status, reply))
      : codeOf(reply.status, textField(body, 'code'), error !== undefined),
    detail ?? error ?? `${reply.call} was answered with status ${reply.status} and no explanation.`,
    {
      ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
      ...(requestId === undefined ? {} : { requestId }),
    },
  )
}

/** There a missing credential has the status of one that does not suffice. */
function storageCode(status: number, reply: Reply): ProblemCode {
  if (status === 403 && reply.headers.has('www-authenticate')) return 'unauthenticated'
  return codeOf(status, undefined, false)
}

/** What the server answers before it has begun anything. */
const refusals: ReadonlySet<string> = new Set<ProblemCode>([
  'model-overloaded',
  'model-not-loaded',
  'rate-limited',
  'shutting-down',
])

/**
 * Whether the reply says that nothing was done. The page of a proxy and an unknown code do not: the work may have been
 * done behind them. `/v2` has no codes; there 503 comes before the model runs.
 */
export function saysNothingDone(reply: Reply): boolean {
  if (reply.status === 429) return true
  if (reply.status !== 503) return false
  const json = parseJson(reply.body)
  const body: unknown = json.ok ? json.value : undefined
  const code = textField(body, 'code')
  if (code !== undefined) return refusals.has(code)
  return reply.call.startsWith('POST /v2/') && textField(body, 'error') !== undefined
}

/** A code that this version does not know yet, an Open Inference Protocol error and a proxy's page go by the status. */
function codeOf(status: number, code: string | undefined, isProtocolError: boolean): ProblemCode {
  if (code !== undefined && isProblemCode(code)) return code
  if (status === 404 && isProtocolError) return 'model-not-found'
  if (status === 503 && isProtocolError) return 'model-not-loaded'
  return codeByStatus[status] ?? (status < 500 ? 'invalid-request' : 'internal')
}

const codeByStatus: Readonly<Record<number, ProblemCode>> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  408: 'request-timeout',
  409: 'model-state',
  413: 'payload-too-large',
  415: 'unsupported-media-type',
  422: 'invalid-model',
  429: 'rate-limited',
  431: 'headers-too-large',
  501: 'not-implemented',
  // What a load balancer answers while no replica takes the request.
  502: 'shutting-down',
  503: 'shutting-down',
  504: 'deadline-exceeded',
  507: 'storage-full',
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problemCodes, code)
}

function parseJson(body: Uint8Array): { ok: true; value: unknown } | { ok: false; cause: unknown } {
  try {
    return { ok: true, value: JSON.parse(new TextDecoder().decode(body)) }
  } catch (cause) {
    return { ok: false, cause }
  }
}

function textField(body: unknown, field: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const value: unknown = Reflect.get(body, field)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function requestIdOf(reply: Reply): string | undefined {
  return reply.headers.get('x-request-id') ?? undefined
}

/** `why` goes on after "The answer to GET /api/v1/models". */
export function unexpected(reply: Reply, why: string, cause: unknown): UnexpectedReply {
  return new UnexpectedReply(`The answer to ${reply.call} ${why}. Is baseUrl a Roundhouse server?`, {
    status: reply.status,
    requestId: requestIdOf(reply),
    cause,
  })
}
