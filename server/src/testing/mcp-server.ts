import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Scope } from './defer.ts'
import { httpServer } from './http-server.ts'

export type McpMessage = {
  readonly id?: string | number
  readonly method: string
  readonly params?: Readonly<Record<string, unknown>>
}

/** What is answered to one message: a result; undefined where it was answered by hand, or is never. */
export type McpScript = (message: McpMessage, response: ServerResponse) => unknown

type ScriptedMcpServer = {
  /** Of the server with this script; made up, where there is none. */
  url(name: string): string
  /** `host:port` */
  readonly place: string
  /** What came, in turn: what was asked for at which address, with which headers. */
  readonly seen: readonly {
    name: string
    message: McpMessage | null
    headers: IncomingHttpHeaders
    method: string
  }[]
  /** Answers whose client went away before they were whole. */
  aborted(): number
}

/** Servers of the Model Context Protocol, written by hand, so that they can do what none should: one for each script. */
export async function scriptedMcpServers(
  scope: Scope,
  scripts: Readonly<Record<string, McpScript>>,
): Promise<ScriptedMcpServer> {
  const seen: { name: string; message: McpMessage | null; headers: IncomingHttpHeaders; method: string }[] =
    []
  let aborted = 0
  const { url } = await httpServer(scope, async (request, response) => {
    request.on('error', () => {})
    response.on('error', () => {})
    response.on('close', () => {
      if (!response.writableFinished) aborted += 1
    })
    let text = ''
    for await (const part of request) text += part
    const name = request.url?.slice(1) ?? ''
    const message: McpMessage | null = text === '' ? null : JSON.parse(text)
    seen.push({ name, message, headers: request.headers, method: request.method ?? '' })
    const script = scripts[name]
    if (!script || !message) return void response.writeHead(405).end()
    const result = script(message, response)
    if (result !== undefined) sendJson(response, { jsonrpc: '2.0', id: message.id, result })
  })
  return { url: name => `${url}/${name}`, place: new URL(url).host, seen, aborted: () => aborted }
}

export function sendJson(
  response: ServerResponse,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** One tool, as a list names it. */
export function listedTool(name: string, change: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, description: `Does ${name}.`, inputSchema: { type: 'object', properties: {} }, ...change }
}

/** A server of the newer era, with these tools and this answer to calls. */
export function modernMcp(
  tools: readonly unknown[] | McpScript,
  call: McpScript = () => textResult('fine'),
): McpScript {
  return (message, response) => {
    switch (message.method) {
      case 'server/discover':
        return {
          resultType: 'complete',
          supportedVersions: ['2026-07-28'],
          capabilities: { tools: {} },
          ttlMs: 0,
          cacheScope: 'private',
        }
      case 'tools/list':
        return typeof tools === 'function'
          ? tools(message, response)
          : { resultType: 'complete', tools, ttlMs: 0, cacheScope: 'private' }
      case 'tools/call':
        return call(message, response)
      default:
        return void response.writeHead(404).end()
    }
  }
}

/** A server of the older era, which knows sessions. */
export function legacyMcp(tools: readonly unknown[], call: McpScript = () => textResult('fine')): McpScript {
  return (message, response) => {
    switch (message.method) {
      case 'initialize': {
        const result = {
          protocolVersion: '2025-11-25',
          capabilities: { tools: {} },
          serverInfo: { name: 'old', version: '1' },
        }
        return sendJson(
          response,
          { jsonrpc: '2.0', id: message.id, result },
          { 'mcp-session-id': 'session-1' },
        )
      }
      case 'tools/list':
        return { tools }
      case 'tools/call':
        return call(message, response)
      default:
        if (message.id === undefined) return void response.writeHead(202).end()
        response.writeHead(400, { 'content-type': 'application/json' })
        response.end(
          JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32000, message: 'No session.' } }),
        )
    }
  }
}

export function textResult(text: string): Record<string, unknown> {
  return { resultType: 'complete', content: [{ type: 'text', text }] }
}
