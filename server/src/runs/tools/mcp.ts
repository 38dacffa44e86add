import { type AgentToolOf, isProblem, Problem } from '@roundhouse/sdk/contract'
import type { McpClient, McpServer } from '../../ports/mcp-client.ts'
import type { Secrets } from '../../settings/secrets.ts'
import { depthBelow } from '../depth.ts'
import type { OpenedTool } from '../tool.ts'
import type { McpLists } from './mcp-lists.ts'
import { openHeaders } from './secret-headers.ts'

const timeoutMs = 60_000

/**
 * The tools of a server of the Model Context Protocol: those that the agent names, or all. What a server says of them is
 * the word of a stranger: it decides what its tools are called and described as, and nothing else. A server that does not
 * answer has none.
 */
export async function mcpTools(
  {
    client,
    lists,
    secrets,
  }: {
    client: Pick<McpClient, 'callTool'>
    lists: McpLists
    secrets: Pick<Secrets, 'revealFor'>
  },
  { url, headers, tools: wanted, name, description }: AgentToolOf<'mcp'>,
): Promise<readonly OpenedTool[]> {
  const opened = async () => {
    const { headers: sent, redact } = await openHeaders(secrets, addressIn(url), headers)
    return { server: { url, headers: sent } satisfies McpServer, redact }
  }
  const listed = await lists.of({ url, headers, wanted }, opened)
  return listed.map(tool => ({
    name: name === undefined ? tool.name : `${name}_${tool.name}`,
    description: description === undefined ? tool.description : `${description}\n${tool.description}`,
    parameters: tool.parameters,
    // Its own word for what is its own: whoever lies here is called twice, with what they have been told before.
    isRepeatable: tool.source.isRepeatable,
    timeoutMs,
    async call(args, { run, signal, timeoutMs }) {
      const { server: listed, redact } = await opened()
      const server = { ...listed, headers: { ...listed.headers, ...depthBelow(run) } }
      try {
        const answer = await client.callTool(server, tool.source, argumentsIn(args), { signal, timeoutMs })
        if (answer.isError) throw new Problem('tool-failed', answer.text)
        return redact(answer.text)
      } catch (error) {
        if (isProblem(error)) throw new Problem(error.code, redact(error.message))
        throw error
      }
    },
  }))
}

/** @throws Problem `address-refused`. */
function addressIn(url: string): URL {
  if (URL.canParse(url)) return new URL(url)
  throw new Problem('address-refused', 'This is not an address: it has the form https://host/path.')
}

/** What the schema of a tool has let through. */
function argumentsIn(args: unknown): Readonly<Record<string, unknown>> {
  if (typeof args === 'object' && args !== null && !Array.isArray(args)) return { ...args }
  throw new Problem('invalid-request', 'The arguments are to be a JSON object.')
}
