import { createServer, type RequestListener, type Server } from 'node:http'
import { defer, type Scope } from './defer.ts'

/** A server on loopback, of a test's own; it ends with the scope, whoever is still connected. `url` has no slash at its end. */
export async function httpServer(
  scope: Scope,
  listener: RequestListener,
): Promise<{ url: string; server: Server }> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  defer(scope, () => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('The server has no port.')
  return { url: `http://127.0.0.1:${address.port}`, server }
}
