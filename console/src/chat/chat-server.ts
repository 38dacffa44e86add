/** How a conversation reaches the server. `signal` ends the request. Each call rejects with Refusal, or without reply. */
export type ChatServer = {
  /** Answers with the run's events. */
  ask(question: { text: string; conversation: string }, signal: AbortSignal): Promise<Response>
  /** The events behind number `after`; 204 when there are none and will be none. */
  events(runId: string, after: number, signal: AbortSignal): Promise<Response>
  cancel(runId: string): Promise<void>
  answer(runId: string, approvalId: string, isApproved: boolean): Promise<void>
}

/** What the server said no with. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly retryAfterSeconds: number | null
  readonly requestId: string | null

  constructor(status: number, code: string, detail: string, headers: Headers) {
    super(detail)
    this.name = 'Refusal'
    this.status = status
    this.code = code
    const seconds = Number(headers.get('retry-after') ?? Number.NaN)
    this.retryAfterSeconds = Number.isFinite(seconds) ? seconds : null
    this.requestId = headers.get('x-request-id')
  }
}

/** Whether the same may succeed in a moment. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Refusal)) return true
  return error.status >= 500 || error.status === 429
}

export type Call = {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  credentials?: RequestCredentials
}

/** The reply when it is not a refusal. @throws Refusal. */
export async function call(
  url: string,
  { method = 'GET', body, headers, ...init }: Call = {},
): Promise<Response> {
  const reply = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      'x-request-id': randomId(),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...init,
  })
  if (reply.ok) return reply
  const problem = (await reply.json().catch(() => ({}))) as { code?: string; detail?: string }
  const { code = '', detail = `The server answered ${reply.status}.` } = problem
  throw new Refusal(reply.status, code, detail, reply.headers)
}

/** A UUID, version 4. `crypto.randomUUID` is only there where the page came by https. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
