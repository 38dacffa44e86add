import { setImmediate } from 'node:timers/promises'
import type { Client, FetchLike, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

/**
 * Ends sessions behind the back of those who have their answer: that a call is cancelled has to have arrived before the
 * connection goes.
 */
export function createLeaving() {
  const leaves = new Set<Promise<void>>()
  return {
    /** Of one session. */
    open() {
      const underWay = new Set<Promise<unknown>>()

      async function end(client: Client, transport: StreamableHTTPClientTransport): Promise<void> {
        // The client begins a moment later to tell it.
        await setImmediate()
        await Promise.all(underWay)
        if (transport.sessionId !== undefined) await transport.terminateSession().catch(() => {})
        await client.close().catch(() => {})
      }

      return {
        counting(fetch: FetchLike): FetchLike {
          return (url, request) => {
            const response = fetch(url, request)
            const ended = response.catch(() => {}).finally(() => underWay.delete(ended))
            underWay.add(ended)
            return response
          }
        },
        leave(client: Client, transport: StreamableHTTPClientTransport): void {
          const leave = end(client, transport).finally(() => leaves.delete(leave))
          leaves.add(leave)
        },
      }
    },
    /** When all have ended. Each takes a few seconds at most. */
    async close(): Promise<void> {
      await Promise.all(leaves)
    },
  }
}
