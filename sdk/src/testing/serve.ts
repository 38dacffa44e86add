import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { TestContext } from 'node:test'

/** Serves on a free port of loopback until the test ends; its base URL. */
export async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  return `http://127.0.0.1:${address.port}`
}

/** Gives the replies (status and body) in turn, and notes what was asked: method, path and body. */
export async function serveReplies(
  t: TestContext,
  ...replies: [number, unknown][]
): Promise<{ baseUrl: string; asked: string[] }> {
  const asked: string[] = []
  const baseUrl = await serve(t, async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const [status, reply] = replies[asked.length] ?? [500, {}]
    asked.push(`${request.method} ${request.url}${body && ` ${body}`}`)
    response.writeHead(status).end(reply === undefined ? undefined : JSON.stringify(reply))
  })
  return { baseUrl, asked }
}
