/** Servers that speak the Model Context Protocol, of either era. Both sides of an answer are bounded: see the adapter. */
export type McpClient = {
  /**
   * The tools that a server says it has, of however many pages.
   * @throws Problem `address-refused`, `address-failed`: also for a server that does not keep to the protocol.
   */
  listTools(server: McpServer, signal: AbortSignal): Promise<readonly McpTool[]>
  /**
   * Calls a tool in a session of its own. A call that is aborted is told to the server.
   * @throws Problem as above, and what `signal` was aborted with.
   */
  callTool(
    server: McpServer,
    tool: McpTool,
    args: Readonly<Record<string, unknown>>,
    context: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<McpAnswer>
  /** When what is still told to servers has been told. */
  close(): Promise<void>
}

export type McpServer = {
  readonly url: string
  /** With each request to it. */
  readonly headers: Readonly<Record<string, string>>
}

/** What a stranger says of their tool: no more than its size has been looked at. */
export type McpTool = {
  readonly name: string
  readonly description: string
  readonly inputSchema: Readonly<Record<string, unknown>>
  /** The server says that a call made twice does no more than one. */
  readonly isRepeatable: boolean
}

/** Its text is of a stranger, and may be as long as the answer. */
export type McpAnswer = { readonly text: string; readonly isError: boolean }
