import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** How an answer tells its text. `json`: not streamed. `text`: as it is. The others by events. */
export type StreamForm = 'openai' | 'run' | 'ui' | 'text' | 'json'

/** One request again and again over `lanes` at once, each time over a new connection, which the answer ends. */
export type StreamsOrder = {
  port: number
  /** A whole HTTP/1.1 request with `connection: close`. */
  request: Uint8Array
  form: StreamForm
  /** What every answer says. */
  text: string
  /** Begins the text. */
  firstWord: string
  lanes: number
  /** Answers of each lane, one after the other. */
  perLane: number
  /** The lanes begin evenly over so long. */
  spreadMs: number
  pauseMs: number
  /** No lane asks again after that. */
  limitMs: number
}

/** Of the answers that said what they should; the others are only counted. */
export type StreamsReport = {
  answers: number
  failed: number
  /** The beginning of the first wrong answer. */
  failure: string | undefined
  firstTokenMs: number[]
  wholeMs: number[]
  /** Events that brought text. */
  frames: number
  /** From the first of the text on, the longest time in which nothing came. */
  longestStallMs: number
}

export async function streams(order: StreamsOrder): Promise<StreamsReport> {
  const { form, text, lanes, perLane, spreadMs, pauseMs, limitMs } = order
  const report: StreamsReport = {
    answers: 0,
    failed: 0,
    failure: undefined,
    firstTokenMs: [],
    wholeMs: [],
    frames: 0,
    longestStallMs: 0,
  }
  const until = performance.now() + limitMs

  async function lane(number: number): Promise<void> {
    await delay((spreadMs * number) / lanes)
    for (let asked = 0; asked < perLane && performance.now() < until; asked++) {
      const { received, firstTokenMs, wholeMs, stallMs } = await ask(order)
      const said = read(form, received)
      if (said?.text === text && firstTokenMs !== undefined) {
        report.answers++
        report.frames += said.frames
        report.firstTokenMs.push(firstTokenMs)
        report.wholeMs.push(wholeMs)
        report.longestStallMs = Math.max(report.longestStallMs, stallMs)
      } else {
        report.failed++
        report.failure ??= received.slice(0, 600)
        // A server that refuses is not to be asked the faster for it.
        await delay(50)
      }
      if (pauseMs > 0) await delay(pauseMs)
    }
  }

  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  return report
}

/** An answer that says nothing for so long has failed. */
const silentMs = 15_000

type Received = { received: string; firstTokenMs: number | undefined; wholeMs: number; stallMs: number }

/** Never rejects: what breaks off lacks its text. Looked into only when it has ended, as cheaply as it can be until then. */
function ask({ port, request, firstWord }: StreamsOrder): Promise<Received> {
  const { promise, resolve } = Promise.withResolvers<Received>()
  const parts: Buffer[] = []
  const begin = performance.now()
  let firstTokenMs: number | undefined
  let lastAt = begin
  let stallMs = 0
  let bytesLeft: number | undefined
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('data', part => {
    const now = performance.now()
    parts.push(part)
    if (firstTokenMs !== undefined) stallMs = Math.max(stallMs, now - lastAt)
    else if (part.includes(firstWord)) firstTokenMs = now - begin
    lastAt = now
    if (parts.length === 1) bytesLeft = lengthOf(part)
    if (bytesLeft !== undefined) bytesLeft -= part.length
    // Some keep a connection open that they were asked to close.
    if (bytesLeft === undefined ? endsChunked(part) : bytesLeft <= 0) socket.end()
  })
  socket.setTimeout(silentMs, () => socket.destroy())
  socket.on('error', () => {})
  socket.on('close', () =>
    resolve({
      received: Buffer.concat(parts).toString('latin1'),
      firstTokenMs,
      wholeMs: lastAt - begin,
      stallMs,
    }),
  )
  socket.write(request)
  return promise
}

/** Of the whole answer, by its head; undefined where the head does not say. */
function lengthOf(first: Buffer): number | undefined {
  const end = first.indexOf('\r\n\r\n')
  const length = /\r\ncontent-length: *(\d+)/i.exec(first.toString('latin1', 0, end))?.[1]
  return length === undefined ? undefined : end + 4 + Number(length)
}

/** Whether a read ends with the last, empty chunk, which begins behind a line break or is all of it. */
function endsChunked(part: Buffer): boolean {
  const end = part.toString('latin1', Math.max(0, part.length - 7))
  return end === '\r\n0\r\n\r\n' || end === '0\r\n\r\n'
}

/** Undefined when it is no answer of that form. */
function read(form: StreamForm, received: string): { text: string; frames: number } | undefined {
  const at = received.indexOf('\r\n\r\n')
  const head = received.slice(0, at)
  if (!/^HTTP\/1\.1 2/.test(head)) return undefined
  const whole = received.slice(at + 4)
  const body = /\r\ntransfer-encoding: *chunked/i.test(head) ? unchunked(whole) : whole
  try {
    if (form === 'text') return { text: body, frames: 0 }
    if (form === 'json') return { text: JSON.parse(body).choices[0].message.content, frames: 0 }
    const pieces = body
      .split('\n')
      .filter(line => line.startsWith('data: {'))
      .map(line => pieceOf(form, JSON.parse(line.slice(6))))
      .filter(piece => piece !== '')
    return { text: pieces.join(''), frames: pieces.length }
  } catch {
    return undefined
  }
}

type Event = { choices?: { delta: { content?: string } }[]; type?: string; text?: string; delta?: string }

function pieceOf(form: StreamForm, event: Event): string {
  if (form === 'openai') return event.choices?.[0]?.delta.content ?? ''
  if (event.type !== 'text-delta') return ''
  return (form === 'run' ? event.text : event.delta) ?? ''
}

function unchunked(body: string): string {
  let text = ''
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf('\r\n', at)
    const size = Number.parseInt(body.slice(at, end), 16)
    if (end === -1 || !(size > 0)) break
    text += body.slice(end + 2, end + 2 + size)
    at = end + 2 + size + 2
  }
  return text
}
