import type { FetchLike } from '@modelcontextprotocol/client'
import { Problem } from '@roundhouse/sdk/contract'
import { createEventReader } from '../../kit/server-events.ts'
import type { Outbound } from '../../ports/outbound.ts'
import { isRecord, jsonOf, textOf } from './read.ts'
import { type Asked, tame, tameError } from './tame.ts'

/** Of all answers of a session. */
type Budget = { bytes: number }

/** For what a server is only told. */
const tellingMs = 2000

/**
 * The `fetch` of a client: every request goes the guarded way, and of what comes back it sees one JSON document that is
 * safe to look at. An answer that is streamed ends with its response; what servers say beside it is left out, for nobody
 * here listens.
 */
export function tameFetch(
  outbound: Pick<Outbound, 'fetch'>,
  { budget, timeoutMs, signal }: { budget: Budget; timeoutMs: number; signal: AbortSignal },
): FetchLike {
  return async (url, request = {}) => {
    // The stream for what a server wants to say by itself.
    if (request.method === 'GET') return new Response(null, { status: 405 })
    const { host } = new URL(url)
    const { method = 'POST', headers, body } = request
    const asked = askedIn(body)
    // That a call is cancelled is told when everything else has ended.
    const signals = [asked ? signal : null, request.signal].filter(one => one instanceof AbortSignal)
    const response = await outbound.fetch(url, {
      method,
      signal: AbortSignal.any(signals),
      maxBytes: Math.max(1, budget.bytes),
      timeoutMs: asked ? timeoutMs : tellingMs,
      ...(headers ? { headers } : {}),
      ...(body ? { body } : {}),
    })
    const { status } = response
    if (!asked) {
      await response.body?.cancel()
      return new Response(null, { status: response.ok ? 202 : status })
    }
    if (!response.ok) return refusal(status, await textWithin(response, budget), host)
    const type = mediaType(response)
    const message =
      type === 'text/event-stream'
        ? await streamed(response, asked, budget, host)
        : type === 'application/json'
          ? answerIn(jsonOf(await textWithin(response, budget), host), asked)
          : null
    await response.body?.cancel().catch(() => {})
    if (!message) throw new Problem('address-failed', `${host} did not answer as an MCP server does.`)
    return Response.json(tame(asked, message), { headers: sessionOf(response) })
  }
}

function askedIn(body: unknown): Asked | null {
  const message: unknown = typeof body === 'string' ? JSON.parse(body) : null
  if (!isRecord(message) || typeof message.method !== 'string' || message.id === undefined) return null
  return { id: message.id, method: message.method }
}

function mediaType(response: Response): string {
  return response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
}

/** A request that the client refers to by its text alone. */
function refusal(status: number, text: string, host: string): Response {
  const problem = text.trimStart().startsWith('{') ? jsonOr(text, host) : null
  if (!isRecord(problem) || !isRecord(problem.error)) return new Response(text.slice(0, 500), { status })
  const id = typeof problem.id === 'number' ? problem.id : textOf(problem.id, 100)
  return Response.json({ jsonrpc: '2.0', id, error: tameError(problem.error) }, { status })
}

function jsonOr(text: string, host: string): unknown {
  try {
    return jsonOf(text, host)
  } catch {
    return null
  }
}

async function textWithin(response: Response, budget: Budget): Promise<string> {
  const bytes = await response.arrayBuffer()
  budget.bytes -= bytes.byteLength
  return new TextDecoder().decode(bytes)
}

async function streamed({ body }: Response, asked: Asked, budget: Budget, host: string) {
  const reader = createEventReader(budget.bytes)
  if (!body) return null
  for await (const bytes of body) {
    budget.bytes -= bytes.length
    for (const data of reader.push(Buffer.from(bytes))) {
      // What has no id is no response, and need not be read: a stream may be full of it.
      const message = data.includes('"id"') ? answerIn(jsonOf(data, host), asked) : null
      if (message) return message
    }
  }
  return null
}

/** The response to what was asked; servers of 2025-03-26 may put it in a list. */
function answerIn(json: unknown, asked: Asked): Readonly<Record<string, unknown>> | null {
  const messages: readonly unknown[] = Array.isArray(json) ? json : [json]
  for (const message of messages) {
    if (!isRecord(message) || message.method !== undefined) continue
    const isAnonymous = (message.id === undefined || message.id === null) && message.error !== undefined
    if (message.id === asked.id || isAnonymous) return message
  }
  return null
}

/** The session that the server of the older era begins. */
function sessionOf(response: Response): Record<string, string> {
  const id = response.headers.get('mcp-session-id') ?? ''
  return /^[\x21-\x7e]{1,1000}$/.test(id) ? { 'mcp-session-id': id } : {}
}
