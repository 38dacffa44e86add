import { connect, type Socket } from 'node:net'

/** Requests whose answers go on: each over a connection of its own, all kept open until they are let go. */
export type HoldOrder = {
  port: number
  requests: Uint8Array[]
  /** An answer has begun when this has come. */
  sign: string
  /** For one to begin. */
  limitMs: number
}

export type Held = {
  /** Answers that have begun and go on. */
  open(): number
  close(): void
}

/** A crowd that comes in the same moment is another question. */
const openedAtOnce = 32

/** Fulfils when all have begun, or will not any more. */
export async function hold({ port, requests, sign, limitMs }: HoldOrder): Promise<Held> {
  const sockets: Socket[] = []
  let open = 0
  let next = 0

  function begin(request: Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const late = setTimeout(resolve, limitMs)
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    sockets.push(socket)
    let isOpen = false
    socket.on('data', part => {
      if (isOpen || !part.includes(sign)) return
      isOpen = true
      open++
      resolve()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (isOpen) open--
      resolve()
    })
    socket.write(request)
    return promise.finally(() => clearTimeout(late))
  }

  async function opener(): Promise<void> {
    for (let request = requests[next++]; request; request = requests[next++]) await begin(request)
  }

  await Promise.all(Array.from({ length: openedAtOnce }, opener))
  return {
    open: () => open,
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
