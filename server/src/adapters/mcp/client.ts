import { isProblem, Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import type { McpClient, McpServer, McpTool } from '../../ports/mcp-client.ts'
import type { Outbound } from '../../ports/outbound.ts'
import { createEras } from './eras.ts'
import { createLeaving } from './leaving.ts'
import { tameFetch } from './tame-fetch.ts'

/** Of all pages together. */
const listTimeoutMs = 10_000
const listBytes = 2 * 1024 * 1024
const mostPages = 20
const graceMs = 5000
const callBytes = 10 * 1024 * 1024

const toolPage = z.object({
  tools: z.array(
    z.object({
      listed: z.object({
        name: z.string(),
        description: z.string(),
        inputSchema: z.record(z.string(), z.unknown()),
        isRepeatable: z.boolean(),
      }),
    }),
  ),
  nextCursor: z.string().optional(),
})

type Session = { signal: AbortSignal; timeoutMs: number; maxBytes: number }
type Library = typeof import('@modelcontextprotocol/client')
type Client = InstanceType<Library['Client']>

/**
 * Speaks both eras of the protocol over streamable HTTP: whether a server knows the newer is asked once and remembered for
 * its address. Each list and each call is a session of its own, so that no caller ever is in another's.
 */
export function createMcpClient({
  outbound,
  clock,
}: {
  outbound: Pick<Outbound, 'fetch'>
  clock: Clock
}): McpClient {
  const eras = createEras(clock)
  const leaving = createLeaving()

  async function session<Result>(
    server: McpServer,
    limits: Session,
    work: (client: Client, options: { signal: AbortSignal; timeout: number }) => Promise<Result>,
  ): Promise<Result> {
    // A tenth of a second, which most processes never need.
    const library = await import('@modelcontextprotocol/client')
    const address = addressOf(server)
    const late = new AbortController()
    const stopTimer = clock.after(limits.timeoutMs, () => late.abort())
    const signal = AbortSignal.any([limits.signal, late.signal])
    // Ends later than the session, in case.
    const timeout = limits.timeoutMs + graceMs
    const exit = leaving.open()
    const guarded = exit.counting(
      tameFetch(outbound, { budget: { bytes: limits.maxBytes }, timeoutMs: timeout, signal }),
    )
    let trouble: unknown
    const transport = new library.StreamableHTTPClientTransport(address, {
      fetch: async (url, request) => {
        try {
          return await guarded(url, request)
        } catch (error) {
          // The client puts it in words of its own.
          if (isProblem(error)) trouble ??= error
          throw error
        }
      },
      requestInit: { headers: server.headers },
    })
    const client = new library.Client(
      { name: 'roundhouse', version: '1' },
      { versionNegotiation: { mode: 'auto' }, jsonSchemaValidator: noValidator },
    )
    const options = { signal, timeout }
    try {
      const prior = eras.of(server.url)
      await client.connect(transport, { ...options, ...(prior ? { prior } : {}) })
      const result = await work(client, options)
      const discover = client.getDiscoverResult()
      eras.keep(server.url, discover ? { kind: 'modern', discover } : { kind: 'legacy' })
      return result
    } catch (error) {
      limits.signal.throwIfAborted()
      eras.forget(server.url)
      if (late.signal.aborted) throw tooLate(server, limits)
      throw trouble ?? explained(error, library, server)
    } finally {
      stopTimer()
      exit.leave(client, transport)
    }
  }

  return {
    listTools: (server, signal) =>
      session(server, { signal, timeoutMs: listTimeoutMs, maxBytes: listBytes }, async (client, options) => {
        const tools: McpTool[] = []
        let cursor: string | undefined
        for (let page = 0; page < mostPages; page += 1) {
          const params = cursor === undefined ? {} : { cursor }
          const read = await client.request({ method: 'tools/list', params }, toolPage, options)
          tools.push(...read.tools.map(({ listed }) => listed))
          if (read.nextCursor === undefined || read.nextCursor === cursor) break
          cursor = read.nextCursor
        }
        return tools
      }),

    callTool: (server, { name, inputSchema }, args, { signal, timeoutMs }) =>
      session(server, { signal, timeoutMs, maxBytes: callBytes }, async (client, options) => {
        const { content, isError = false } = await client.callTool(
          { name, arguments: args },
          // Arguments that are to be sent as headers, too.
          { ...options, toolDefinition: { name, inputSchema: { ...inputSchema, type: 'object' } } },
        )
        const [part] = content
        return { text: part?.type === 'text' ? part.text : '', isError }
      }),

    close: leaving.close,
  }
}

/** What servers say of their results is not believed, and not compiled either. */
const noValidator = {
  getValidator: () => () => ({ valid: true as const, data: undefined as never, errorMessage: undefined }),
}

function addressOf({ url }: McpServer): URL {
  if (!URL.canParse(url))
    throw new Problem('address-refused', 'This is not an address: it has the form https://host/path.')
  return new URL(url)
}

function tooLate({ url }: McpServer, { timeoutMs }: Session): Problem {
  return new Problem('address-failed', `${new URL(url).host} did not answer within ${timeoutMs / 1000} s.`)
}

/** In words for the model that called, or the log. */
function explained(error: unknown, library: Library, { url }: McpServer): Problem {
  return new Problem('address-failed', sentence(), { cause: error })

  function sentence(): string {
    const { host } = new URL(url)
    if (error instanceof library.SdkHttpError) return `${host} answered with the status ${error.data.status}.`
    if (error instanceof library.ProtocolError) return `${host} refused: ${error.message.slice(0, 1000)}`
    return `${host} does not keep to the Model Context Protocol.`
  }
}
