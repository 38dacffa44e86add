import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { defer, type Scope } from './defer.ts'

/** What one request is answered with. */
export type Script = {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The whole body, as it is: JSON, HTML, garbage. Without one, `chunks` are streamed. */
  readonly body?: string
  /** The data of one event each. */
  readonly chunks?: readonly string[]
  /** Between two chunks. */
  readonly paceMs?: number
  /** Waited for before the chunk with this index is sent. */
  readonly before?: (index: number) => Promise<void> | undefined
  /**
   * How events are written; `chatty` has comments and fields that nobody needs, `tight` no blank after `data:`, `named`
   * the type of its data as the event's name.
   */
  readonly framing?: 'plain' | 'crlf' | 'tight' | 'chatty' | 'named'
  /** Sends the stream in pieces of so many bytes, each on its own: lines and characters are torn. */
  readonly pieceBytes?: number
  /** What follows the last chunk: `[DONE]`, the end alone, a connection that breaks, or nothing any more. */
  readonly end?: 'done' | 'quiet' | 'cut' | 'hang'
  readonly hang?: 'before-head' | 'before-chunks'
  /** Sends 103 before the head. */
  readonly earlyHints?: boolean
}

export type UpstreamRequest = {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** What was sent, read as JSON; undefined when it is none. */
  readonly body: unknown
}

/** A script, or what makes one of the request. */
export type Scripted = Script | ((request: UpstreamRequest) => Script)

export type LlmUpstream = {
  /** With `/v1`. */
  readonly url: string
  readonly requests: readonly UpstreamRequest[]
  /** Requests whose client went away before the answer was whole. */
  aborted(): number
  /** Opened so far. */
  connections(): number
  /** Bytes that have been handed to the network. */
  sentBytes(): number
  /** From now on answers by these in turn, the last one again and again. */
  answer(...scripts: readonly Scripted[]): void
}

/** A provider on this machine that answers by script. */
export async function llmUpstream(scope: Scope, ...scripts: readonly Scripted[]): Promise<LlmUpstream> {
  const requests: UpstreamRequest[] = []
  let queue = [...scripts]
  let aborted = 0
  let connections = 0
  let sentBytes = 0

  const server = createServer(async (request, response) => {
    // A client that goes away is what is counted, not an error.
    request.on('error', () => {})
    response.on('error', () => {})
    response.on('close', () => {
      if (!response.writableFinished && !cutByUs.has(response)) aborted += 1
    })
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const seen = {
      path: request.url ?? '',
      headers: request.headers,
      body: readJson(Buffer.concat(parts).toString()),
    }
    requests.push(seen)
    const next = (queue.length > 1 ? queue.shift() : queue[0]) ?? { status: 500, body: 'no script' }
    await play(typeof next === 'function' ? next(seen) : next, response, bytes => {
      sentBytes += bytes
    })
  })
  server.on('connection', () => {
    connections += 1
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  defer(scope, () => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  // Of a server that listens on a port it is no path.
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    aborted: () => aborted,
    connections: () => connections,
    sentBytes: () => sentBytes,
    answer(...next) {
      queue = [...next]
    },
  }
}

const cutByUs = new WeakSet<ServerResponse>()

async function play(script: Script, response: ServerResponse, sent: (bytes: number) => void): Promise<void> {
  const { status = 200, headers = {}, body, chunks = [], end = 'done' } = script
  if (script.earlyHints) response.writeEarlyHints({ link: '</style.css>; rel=preload' })
  if (script.hang === 'before-head') return
  if (body !== undefined) {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
    return
  }
  response.writeHead(status, { 'content-type': 'text/event-stream', ...headers })
  response.flushHeaders()
  if (script.hang === 'before-chunks') return
  for (const [index, data] of (end === 'done' ? [...chunks, '[DONE]'] : chunks).entries()) {
    await script.before?.(index)
    await write(response, frame(data, script.framing ?? 'plain'), script.pieceBytes, sent)
    if (response.destroyed) return
    if (script.paceMs !== undefined) await delay(script.paceMs)
  }
  if (end === 'hang') return
  if (end === 'cut') {
    // What was written goes out first.
    await nextTurn()
    cutByUs.add(response)
    response.destroy()
    return
  }
  response.end()
}

function frame(data: string, framing: NonNullable<Script['framing']>): string {
  switch (framing) {
    case 'plain':
      return `data: ${data}\n\n`
    case 'crlf':
      return `data: ${data}\r\n\r\n`
    case 'tight':
      return `data:${data}\n\n`
    case 'named':
      return `event: ${/"type":"(\w+)"/.exec(data)?.[1] ?? 'message'}\ndata: ${data}\n\n`
    case 'chatty':
      return `: still here\n\nevent: message\nid: 7\nretry: 1000\ndata: ${data}\nnonsense\n\n`
  }
}

async function write(
  response: ServerResponse,
  text: string,
  pieceBytes: number | undefined,
  sent: (bytes: number) => void,
): Promise<void> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += pieceBytes ?? bytes.length) {
    const piece = bytes.subarray(at, at + (pieceBytes ?? bytes.length))
    sent(piece.length)
    const isFull = !response.write(piece)
    if (isFull) await drained(response)
    // Else Node would send several as one.
    else if (pieceBytes !== undefined) await nextTurn()
  }
}

function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve()
  return new Promise(resolve => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
