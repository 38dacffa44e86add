import { createServer, type Socket } from 'node:net'
import { defer, type Scope } from './defer.ts'

/** Takes connections on loopback and says nothing. */
export async function silentServer(scope: Scope): Promise<{ port: number; sockets: readonly Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer(socket => {
    socket.on('error', () => {})
    sockets.push(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  defer(scope, () => {
    for (const socket of sockets) socket.destroy()
    return new Promise(resolve => server.close(resolve))
  })
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('The server has no address.')
  return { port: address.port, sockets }
}
