import { createCipheriv, createHash, type Hash } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** One request `count` times over each of `connections` keep-alive connections, all at once. */
export type TransferOrder = {
  port: number
  /** Method and path; `*` in it is replaced by the number of the connection. */
  request: string
  credential: string
  /** Of the body, `contentOf` so many bytes; 0 for requests without one. */
  sendBytes: number
  connections: number
  count: number
  /** Hashing what comes takes the generator as long as receiving it: not in what is measured. */
  hashed: boolean
}
export type TransferReport = {
  seconds: number
  /** Answers other than 200 and connections that broke. */
  failed: number
  /** Of all answers, without their heads. */
  receivedBytes: number
  /** Of all answers, when they were to be hashed. */
  sha256: string | undefined
}

const readAtATimeBytes = 256 * 1024
const contents = new Map<number, Buffer>()

/** Sends and receives; what comes is counted and thrown away, in the buffer it was read into. */
export async function transfer(order: TransferOrder): Promise<TransferReport> {
  const { port, request, credential, sendBytes, connections, count } = order
  const body = sendBytes > 0 ? keptContent(sendBytes) : undefined
  const hash = order.hashed ? createHash('sha256') : undefined
  const tally = { failed: 0, receivedBytes: 0 }
  const headers = `host: 127.0.0.1:${port}\r\nauthorization: Bearer ${credential}\r\nx-upsert: true\r\n`
  const type = body ? `content-type: application/octet-stream\r\ncontent-length: ${sendBytes}\r\n` : ''

  async function client(number: number): Promise<() => void> {
    const head = `${request.replace('*', String(number))} HTTP/1.1\r\n${headers}${type}\r\n`
    const connection = openConnection(port, tally, hash)
    for (let done = 0; done < count; done++) {
      if (!(await connection.exchange(head, body))) tally.failed++
    }
    return connection.close
  }

  const begin = performance.now()
  const closes = await Promise.all(Array.from({ length: connections }, (_, number) => client(number)))
  const seconds = (performance.now() - begin) / 1000
  // Closed at once, a server would not know yet that its answer is whole, and take the reader for gone.
  await delay(50)
  for (const close of closes) close()
  return { seconds, ...tally, sha256: hash?.digest('hex') }
}

/** Bytes that look random and are the same in every process. */
export function contentOf(sizeBytes: number): Buffer {
  const zeros = Buffer.alloc(16)
  return createCipheriv('aes-128-ctr', zeros, zeros).update(Buffer.alloc(sizeBytes))
}

function keptContent(sizeBytes: number): Buffer {
  const content = contents.get(sizeBytes) ?? contentOf(sizeBytes)
  contents.set(sizeBytes, content)
  return content
}

/** One request at a time; reads answers with a content-length. Once it broke every exchange fails. */
function openConnection(port: number, tally: { receivedBytes: number }, hash: Hash | undefined) {
  const buffer = Buffer.allocUnsafe(readAtATimeBytes)
  let head = ''
  let bodyBytesLeft = 0
  let broken = false
  let settle: ((ok: boolean) => void) | undefined
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: { buffer, callback: size => read(buffer.subarray(0, size)) },
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    broken = true
    settle?.(false)
  })

  function read(bytes: Buffer): boolean {
    if (head.endsWith('\r\n\r\n')) take(bytes)
    else {
      const text = head + bytes.toString('latin1')
      const end = text.indexOf('\r\n\r\n') + 4
      const bodyAt = end - head.length
      head = end < 4 ? text : text.slice(0, end)
      if (end < 4) return true
      bodyBytesLeft = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1])
      take(bytes.subarray(bodyAt))
    }
    return true
  }

  function take(bytes: Buffer): void {
    bodyBytesLeft -= bytes.length
    tally.receivedBytes += bytes.length
    hash?.update(bytes)
    // Without a length nothing can be read.
    if (bodyBytesLeft > 0) return
    const ok = bodyBytesLeft === 0 && head.startsWith('HTTP/1.1 200')
    head = ''
    settle?.(ok)
  }

  return {
    exchange(requestHead: string, body: Buffer | undefined): Promise<boolean> {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      settle = resolve
      if (broken) resolve(false)
      socket.write(requestHead)
      if (body) socket.write(body)
      return promise
    },
    close: () => void socket.destroy(),
  }
}
