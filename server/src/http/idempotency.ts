import { createHash } from 'node:crypto'
import { Problem, problemCodes } from '@roundhouse/sdk/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Answer, Idempotency, Run } from '../idempotency/idempotency.ts'
import { invariant } from '../kit/invariant.ts'
import type { Log } from '../kit/log.ts'
import type { WithinTransaction } from '../ports/database.ts'
import { toProblem } from './problems.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a request with an `Idempotency-Key`, where that counts. */
    keyed: Keyed | undefined
  }
}

type Keyed = {
  readonly key: string
  readonly fingerprint: Buffer
  /** From the moment that this process has the call. */
  run: Run | undefined
  /** What the transaction of the effect has stored, if it was committed. */
  stored: Answer | undefined
  /** The handler's own answer is on its way. */
  isAnswered: boolean
  /** Of an answer that cannot be kept, but is given again by whoever does the same work. */
  goesOn: boolean
}

type Sent = (error: Error | null, payload?: unknown) => void

export const replayedHeader = 'idempotency-replayed'
/** What a stored answer keeps of its headers: what belongs to the body, not to the one request. */
const keptHeaders = [
  'content-type',
  'content-encoding',
  'inference-header-content-length',
  'location',
  'etag',
  'x-cache',
]
export const longestKey = 255
const keyedPaths = /^\/((api\/)?v1|api\/agent)\//

/**
 * Of changes with the same `Idempotency-Key` of one caller on one route the first is done; the others get its answer.
 * Without the header nothing happens here. Must be registered before the routes, after what sets the caller.
 */
export function registerIdempotency(
  app: FastifyInstance,
  { idempotency, log }: { idempotency: Idempotency; log: Log },
): void {
  app.decorateRequest('keyed', undefined)

  app.addHook('onRoute', route => {
    const { method, url, config } = route
    if (!takesKey({ method, url, access: config?.access })) return
    const { handler } = route
    if (isInference(url)) {
      // The hot path has no hook of ours: one look at the header, and its handler returns the body that is kept.
      route.handler = function (request, reply) {
        if (request.headers['idempotency-key'] === undefined) return handler.call(this, request, reply)
        return onceReturned(request, reply, () => handler.call(this, request, reply))
      }
      return
    }
    route.preValidation = [...[route.preValidation ?? []].flat(), readKey]
    route.onSend = [...[route.onSend ?? []].flat(), keepBeforeSending]
    route.handler = function (request, reply) {
      const work = () => handler.call(this, request, reply)
      return request.keyed ? once(request.keyed, request, reply, work) : work()
    }
  })

  async function once(
    keyed: Keyed,
    request: FastifyRequest,
    reply: FastifyReply,
    work: () => unknown,
  ): Promise<unknown> {
    const found = await idempotency.begin({
      caller: request.caller?.userId ?? request.caller?.credential ?? '',
      route: request.routeOptions.url ?? '',
      key: keyed.key,
      fingerprint: keyed.fingerprint,
    })
    if ('answer' in found) return replay(reply, found.answer)
    const { run } = found
    keyed.run = run
    let isDone = false
    try {
      const value = await work()
      isDone = true
      return value
    } finally {
      // Someone else has answered: the time limit. What was done meanwhile is not done again, what failed may be.
      if (reply.sent && !keyed.isAnswered) await stored(isDone && !keyed.goesOn ? run.lose() : run.leave())
    }
  }

  /** For a handler that returns its body, or throws. @throws Problem for what is no key. */
  async function onceReturned(
    request: FastifyRequest,
    reply: FastifyReply,
    work: () => unknown,
  ): Promise<unknown> {
    readKey(request, reply, problem => {
      if (problem) throw problem
    })
    const { keyed } = request
    if (!keyed) return work()
    try {
      const body = await once(keyed, request, reply, work)
      if (keyed.run) await stored(keepOrForget(keyed.run, reply.statusCode, answerOf(reply, body)))
      return body
    } catch (error) {
      if (keyed.run) await stored(keepOrForget(keyed.run, toProblem(error).status, undefined))
      throw error
    }
  }

  /** After this the client may see the answer, so from then on it is there for a replay. */
  function keepBeforeSending(
    request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
    done: Sent,
  ): void {
    const { keyed } = request
    if (!keyed?.run || (hasTimedOut(request) && !keyed.isAnswered)) done(null, payload)
    // When the time limit comes while the handler's answer is being stored, that one is sent.
    else if (!keyed.isAnswered) void keep(keyed, keyed.run, reply, payload, done)
  }

  async function keep(
    keyed: Keyed,
    run: Run,
    reply: FastifyReply,
    payload: unknown,
    done: Sent,
  ): Promise<void> {
    keyed.isAnswered = true
    const { statusCode } = reply
    const contentType = reply.getHeader('content-type')
    const committed = keyed.stored?.status === statusCode ? keyed.stored : undefined
    await stored(keepOrForget(run, statusCode, committed ?? answerOf(reply, payload)))
    if (reply.statusCode !== statusCode) {
      reply.code(statusCode).removeHeader('retry-after')
      if (contentType !== undefined) reply.header('content-type', contentType)
    }
    done(null, committed ? committed.body : payload)
  }

  /** The answer is given all the same: it is true, and the lease ends by itself. */
  function stored(writing: Promise<void>): Promise<void> {
    return writing.catch(error => log.warn('idempotency-store-fail', { err: error }))
  }
}

/**
 * For a handler whose effect is one transaction: stores there the answer that is made of it.
 * @param reply Has the status of the answer already.
 */
export function keepAnswer<Made>(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: (made: Made) => object,
): WithinTransaction<Made> | undefined {
  const { keyed } = request
  const run = keyed?.run
  if (!run) return undefined
  // Not asked for later: by then it may be that of the time limit.
  const status = reply.statusCode
  const serialize = reply.getSerializationFunction(String(status)) ?? JSON.stringify
  return async (db, made) => {
    const text: unknown = serialize({ ...answer(made) })
    invariant(typeof text === 'string', 'what is made of an effect is answered as JSON')
    keyed.stored = {
      status,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: Buffer.from(text),
    }
    await run.answerIn(db, keyed.stored)
  }
}

/** Of the work that this request asks for: each try under one `Idempotency-Key` has the same. Undefined without a key. */
export function workIdOf({ keyed }: FastifyRequest): string | undefined {
  return keyed?.run?.workId
}

/** For a streamed answer: the same request goes on with the same work, however often. */
export function goOnUnderKey({ keyed }: FastifyRequest): void {
  if (keyed) keyed.goesOn = true
}

/** Public routes know no caller, and so no one's keys. */
export function takesKey(route: { method: string | string[]; url: string; access: unknown }): boolean {
  const { method, url, access } = route
  return method === 'POST' && (keyedPaths.test(url) || isInference(url)) && access !== 'public'
}

function isInference(url: string): boolean {
  return /^\/v2\/models\/.+\/infer$/.test(url)
}

function readKey(request: FastifyRequest, _reply: FastifyReply, done: (problem?: Problem) => void): void {
  const header = request.headers['idempotency-key']
  // Those without a credential share one name, so that a key would be everyone's.
  if (header === undefined || !request.caller || request.caller.role === 'anonymous') done()
  else done(takeKey(request, String(header).trim()))
}

function takeKey(request: FastifyRequest, header: string): Problem | undefined {
  const key = parseKey(header)
  if (key === undefined)
    return new Problem(
      'invalid-request',
      `Idempotency-Key: 1 to ${longestKey} printable ASCII characters are needed, bare or as a quoted string.`,
    )
  const fingerprint = fingerprintOf(request)
  request.keyed = { key, fingerprint, run: undefined, stored: undefined, isAnswered: false, goesOn: false }
  return undefined
}

/** A string of RFC 9651, 3.3.3, or the same without quotes. Undefined when it is neither. */
function parseKey(header: string): string | undefined {
  const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(header)?.[1]
  const bare = /^[\x21\x23-\x7e][\x20-\x7e]*$/.exec(header)?.[0]
  const key = quoted?.replace(/\\(.)/g, '$1') ?? bare
  return key !== undefined && key.length >= 1 && key.length <= longestKey ? key : undefined
}

/**
 * SHA-256 of what is asked for. A body that is read while it flows is not known yet: of it only the length and the type
 * count, and `Content-Digest` (RFC 9530). The boundary of a form does not: clients make a new one for each try.
 */
function fingerprintOf({ method, url, headers, body }: FastifyRequest): Buffer {
  const hash = createHash('sha256').update(`${method} ${url}\n`)
  if (typeof body === 'string' || body instanceof Uint8Array)
    return hash.update('bytes\n').update(body).digest()
  if (body === undefined || body === null || isStream(body)) {
    const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
    const digest = headers['content-digest'] ?? ''
    return hash.update(`unread\n${type}\n${headers['content-length'] ?? ''}\n${digest}`).digest()
  }
  return hash.update('json\n').update(JSON.stringify(body)).digest()
}

function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'pipe' in body
}

function replay(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  reply.code(status).headers(headers).header(replayedHeader, 'true')
  return reply.send(body.length > 0 ? body : undefined)
}

/** Undefined of an answer that is not bytes. */
function answerOf(reply: FastifyReply, payload: unknown): Answer | undefined {
  const body =
    typeof payload === 'string' || payload instanceof Uint8Array ? Buffer.from(payload) : Buffer.alloc(0)
  if (body.length === 0 && payload !== undefined && payload !== null && payload !== '') return undefined
  const headers = keptHeaders.flatMap(name => {
    const value = reply.getHeader(name)
    return value === undefined ? [] : [[name, String(value)]]
  })
  return { status: reply.statusCode, headers: Object.fromEntries(headers), body }
}

/**
 * A refusal has done nothing, and the next try may do better: nothing is kept of it. After 500 to 599 no one knows what
 * was done (a payment may be committed although its answer was lost), so the same request goes on with the same work.
 * So it does when its client went away: to come back for the answer is what the key is for.
 */
function keepOrForget(run: Run, status: number, answer: Answer | undefined): Promise<void> {
  if (status >= 500 || status === problemCodes['client-closed'].status) return run.leave()
  if (status >= 400) return run.forget()
  return answer ? run.answer(answer) : run.lose()
}

/** Fastify has answered in the place of the handler, which goes on. */
function hasTimedOut({ signal }: FastifyRequest): boolean {
  const { reason } = signal
  return reason instanceof Error && 'code' in reason && reason.code === 'FST_ERR_HANDLER_TIMEOUT'
}
