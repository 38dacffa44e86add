import { connect, type Socket } from 'node:net'
import { type Held, type HoldOrder, hold } from './hold.ts'
import { type StreamsOrder, streams } from './streams.ts'
import { type TransferOrder, transfer } from './transfer.ts'

// A program of its own: requests over plain sockets, so that the generator takes as little as possible of the cores it
// shares with the server, about 10 us per request. The same for every server.

/** Requests to send again and again, kept under a name; each is a whole HTTP/1.1 request. */
export type PoolOrder = { kind: 'pool'; name: string; requests: Uint8Array[] }
export type LoadOrder = {
  kind: 'load'
  port: number
  pool: string
  connections: number
  warmUpMs: number
  windowMs: number
}
/** One request after the other, `everyMs` apart, until `poll-stop`. */
export type PollOrder = { kind: 'poll'; port: number; path: string; everyMs: number }
export type Order =
  | PoolOrder
  | LoadOrder
  | PollOrder
  | ({ kind: 'transfer' } & TransferOrder)
  | ({ kind: 'streams' } & StreamsOrder)
  | ({ kind: 'hold' } & HoldOrder)
  | { kind: 'poll-stop' }
  | { kind: 'hold-stop' }

/** An answer of the window to be checked: which request of the pool, the head as text, the body. */
export type Sample = { index: number; head: string; body: Uint8Array }
export type LoadReport = {
  seconds: number
  /** In the window. */
  completed: number
  /** From the first request to the last answer. */
  total: number
  /** Answers other than 2xx and connections that broke, in the window. */
  failed: number
  p50Ms: number
  p99Ms: number
  samples: Sample[]
}
export type PollReport = { polls: number; failed: number; p50Ms: number; p99Ms: number; maxMs: number }

const samplesKept = 64
const drainMs = 15_000
const pools = new Map<string, Buffer[]>()
let polling: { stop(): void } | undefined
let held: Held | undefined

process.on('message', (order: Order) => {
  if (order.kind === 'pool')
    pools.set(
      order.name,
      order.requests.map(request => Buffer.from(request)),
    )
  else if (order.kind === 'load') void load(order).then(report => process.send?.(report))
  else if (order.kind === 'poll') void poll(order).then(report => process.send?.(report))
  else if (order.kind === 'transfer') void transfer(order).then(report => process.send?.(report))
  else if (order.kind === 'streams') void streams(order).then(report => process.send?.(report))
  else if (order.kind === 'hold') void startHold(order)
  else if (order.kind === 'hold-stop') stopHold()
  else polling?.stop()
})
process.on('disconnect', () => process.exit())

async function startHold(order: HoldOrder): Promise<void> {
  held = await hold(order)
  process.send?.(held.open())
}

function stopHold(): void {
  process.send?.(held?.open() ?? 0)
  held?.close()
}

async function load({ port, pool, connections, warmUpMs, windowMs }: LoadOrder): Promise<LoadReport> {
  const requests = pools.get(pool) ?? []
  const times: number[] = []
  const samples: Sample[] = []
  let next = Math.floor(Math.random() * requests.length)
  let open = false
  let ended = false
  let failed = 0
  let total = 0

  async function client(): Promise<void> {
    const connection = openConnection(port)
    while (!ended) {
      const index = next++ % requests.length
      const begin = performance.now()
      try {
        const answer = await connection.exchange(requests[index] ?? Buffer.alloc(0))
        if (answer.ok) total++
        if (!open) continue
        times.push(performance.now() - begin)
        if (!answer.ok) failed++
        // The first of a window, then ever fewer: every part of it is seen.
        else if (samples.length < samplesKept && Math.random() < samplesKept / (times.length + 8)) {
          samples.push({ index, head: answer.head, body: answer.body })
        }
      } catch {
        if (open) failed++
        await wait(5)
      }
    }
    connection.close()
  }

  const clients = Array.from({ length: connections }, client)
  await wait(warmUpMs)
  const begin = performance.now()
  open = true
  await wait(windowMs)
  open = false
  const seconds = (performance.now() - begin) / 1000
  ended = true
  await Promise.race([Promise.all(clients), wait(drainMs)])
  return { seconds, completed: times.length - failed, total, failed, ...spread(times), samples }
}

async function poll({ port, path, everyMs }: PollOrder): Promise<PollReport> {
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`)
  const connection = openConnection(port)
  const times: number[] = []
  let ended = false
  let failed = 0
  polling = {
    stop() {
      ended = true
    },
  }
  while (!ended) {
    const begin = performance.now()
    const answer = await connection.exchange(request).catch(() => ({ ok: false }))
    times.push(performance.now() - begin)
    if (!answer.ok) failed++
    await wait(everyMs)
  }
  connection.close()
  return { polls: times.length, failed, ...spread(times) }
}

type Answer = { ok: boolean; head: string; body: Uint8Array }

/** One keep-alive connection, one request at a time; opens again after it broke. Reads answers with a content-length. */
function openConnection(port: number) {
  let socket: Socket | undefined
  let waiting: PromiseWithResolvers<Answer> | undefined
  let received: Buffer[] = []
  let head: { ok: boolean; text: string; end: number; total: number } | undefined

  function start(): Socket {
    const started = connect({ port, host: '127.0.0.1', noDelay: true })
    started.on('data', read)
    started.on('error', () => {})
    started.on('close', () => {
      if (socket === started) socket = undefined
      waiting?.reject(new Error('The connection closed before the answer.'))
      waiting = undefined
    })
    received = []
    head = undefined
    return started
  }

  function read(chunk: Buffer): void {
    received.push(chunk)
    const size = received.reduce((sum, part) => sum + part.length, 0)
    if (head && size < head.total) return
    const bytes = received.length === 1 ? chunk : Buffer.concat(received)
    head ??= readHead(bytes)
    if (!head || bytes.length < head.total) return
    const answer = { ok: head.ok, head: head.text, body: bytes.subarray(head.end, head.total) }
    received = []
    head = undefined
    waiting?.resolve(answer)
  }

  return {
    exchange(request: Buffer): Promise<Answer> {
      waiting = Promise.withResolvers()
      socket ??= start()
      socket.write(request)
      return waiting.promise
    },
    close() {
      socket?.destroy()
    },
  }
}

function readHead(bytes: Buffer): { ok: boolean; text: string; end: number; total: number } | undefined {
  const at = bytes.indexOf('\r\n\r\n')
  if (at === -1) return undefined
  const text = bytes.toString('latin1', 0, at)
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
  // Without a length nothing can be read; counted as a failure.
  const ok = text.startsWith('HTTP/1.1 2') && length !== undefined
  return { ok, text, end: at + 4, total: at + 4 + Number(length ?? 0) }
}

function spread(times: number[]): { p50Ms: number; p99Ms: number; maxMs: number } {
  const sorted = Float64Array.from(times).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
}

function wait(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
