import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { defer, type Scope } from './defer.ts'

/** Instead of an answer; `reset-answer` lets the request through and cuts the connection when the answer comes. */
export type Fault = { status: number; code: string } | 'reset' | 'reset-answer'

export type FaultyProxy = {
  port: number
  /** The first line of every request that came. */
  requests(): readonly string[]
  /** How many connections were cut for having carried too much. */
  cuts(): number
  /** Lets everything through. */
  pass(): void
  /** Says of each request, by its first line, what happens to it instead. */
  answer(fault: (request: string) => Fault | undefined): void
  /** Cuts every connection that has carried so many bytes of answers. */
  cutAfter(bytes: number): void
}

/** A TCP proxy before an HTTP server that breaks what it is told to; one request on a connection. */
export async function startFaultyProxy(scope: Scope, target: number): Promise<FaultyProxy> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  let cuts = 0
  let limitBytes = Number.POSITIVE_INFINITY
  let faultOf: (request: string) => Fault | undefined = () => undefined

  const server = createServer(client => {
    const upstream = createConnection(target, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    let carried = 0
    let fault: Fault | undefined
    client.on('data', chunk => {
      const line = /^(?:GET|HEAD|PUT|POST|DELETE) [^\r]*HTTP\/1\.1\r\n/.exec(chunk.toString('latin1'))?.[0]
      if (line !== undefined) {
        requests.push(line.trim())
        fault = faultOf(line)
        if (fault === 'reset') return void client.resetAndDestroy()
        if (typeof fault === 'object') {
          const body = `<?xml version="1.0"?><Error><Code>${fault.code}</Code></Error>`
          const head = `HTTP/1.1 ${fault.status} Fault\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`
          client.write(head + (line.startsWith('HEAD') ? '' : body))
        }
      }
      if (fault === undefined || fault === 'reset-answer') upstream.write(chunk)
    })
    upstream.on('data', chunk => {
      carried += chunk.byteLength
      if (fault === 'reset-answer') return void client.resetAndDestroy()
      if (carried <= limitBytes) return void client.write(chunk)
      cuts += 1
      client.resetAndDestroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  defer(scope, async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  if (!address || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    requests: () => requests,
    cuts: () => cuts,
    pass() {
      limitBytes = Number.POSITIVE_INFINITY
      faultOf = () => undefined
    },
    answer(fault) {
      faultOf = fault
    },
    cutAfter(bytes) {
      limitBytes = bytes
    },
  }
}
