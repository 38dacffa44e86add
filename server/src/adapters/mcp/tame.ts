import { isRecord, textOf } from './read.ts'
import { told } from './told.ts'

export type Asked = { readonly id: unknown; readonly method: string }

type Fields = Readonly<Record<string, unknown>>

const mostToolsOfPage = 10_000
const mostDescription = 10_000
/** MCP 2025-11-25, "Tools", tool names: 1 to 128 of letters, digits and `_-./`. Others are known, so only what is no name. */
const toolName = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,128}$/u

/**
 * What a server answered, so small and regular that the client may look at all of it: the client's own checks of an answer
 * of 10 MB that is wrong throughout took 16 s of the processor and 500 MB (2026-11-22, version 2.4.0). What nobody here
 * uses is left out.
 */
export function tame({ id, method }: Asked, message: Fields): Fields {
  const { error, result } = message
  if (isRecord(error)) return { jsonrpc: '2.0', id, error: tameError(error) }
  if (!isRecord(result)) return { jsonrpc: '2.0', id, error: { code: -32603, message: 'No result.' } }
  return { jsonrpc: '2.0', id, result: results[method]?.(result) ?? kept(result) }
}

const results: Readonly<Record<string, (result: Fields) => Fields>> = {
  'server/discover': result => ({
    ...kept(result),
    supportedVersions: listOf(result.supportedVersions)
      .map(version => textOf(version, 100))
      .slice(0, 50),
    capabilities: { tools: {} },
    ...uncached,
  }),
  initialize: result => ({
    protocolVersion: textOf(result.protocolVersion, 100),
    capabilities: { tools: {} },
    serverInfo: { name: 'server', version: '0' },
  }),
  'tools/list': result => ({
    ...kept(result),
    tools: listOf(result.tools).slice(0, mostToolsOfPage).flatMap(tameTool),
    ...(typeof result.nextCursor === 'string' && result.nextCursor.length <= 10_000
      ? { nextCursor: result.nextCursor }
      : {}),
    ...uncached,
  }),
  'tools/call': result => {
    const { text, isError } = told(result)
    return { resultType: 'complete', content: [{ type: 'text', text }], isError }
  },
}

const uncached = { ttlMs: 0, cacheScope: 'private' }

function kept({ resultType }: Fields): Fields {
  return typeof resultType === 'string' ? { resultType: resultType.slice(0, 100) } : {}
}

function tameTool(tool: unknown): readonly Fields[] {
  if (!isRecord(tool) || typeof tool.name !== 'string' || !toolName.test(tool.name)) return []
  if (!isRecord(tool.inputSchema)) return []
  const hints = isRecord(tool.annotations) ? tool.annotations : {}
  return [
    {
      name: tool.name,
      // The client refuses a whole list for one schema that it does not like.
      inputSchema: { type: 'object' },
      listed: {
        name: tool.name,
        description: textOf(tool.description, mostDescription),
        inputSchema: tool.inputSchema,
        isRepeatable: hints.readOnlyHint === true || hints.idempotentHint === true,
      },
    },
  ]
}

/** An error as a client may look at it. */
export function tameError({ code, message, data }: Fields): Fields {
  return {
    code: Number.isSafeInteger(code) ? code : -32603,
    message: textOf(message, 1000),
    // Which versions a server speaks, when it is asked in another.
    ...(isRecord(data) && Array.isArray(data.supported)
      ? { data: { supported: data.supported.slice(0, 50).map(version => textOf(version, 100)) } }
      : {}),
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
