import { Agent, createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'

// The floors of a proxy before a language model. `pipe` passes the bytes on. `parse` does what every gateway that
// looks into a stream must: take the events apart, parse each, number it, print it anew. No key, checks, log, table.

const [mode, port] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })

const server = createServer((request, response) => {
  const { method, url: path, headers } = request
  const { 'content-type': type, 'content-length': length } = headers
  const upstream = send(
    {
      agent,
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { 'content-type': type, 'content-length': length },
    },
    answer => (mode === 'pipe' ? pass(answer, response) : parse(answer, response)),
  )
  upstream.on('error', () => response.destroy())
  request.pipe(upstream)
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))

function pass(answer: IncomingMessage, response: ServerResponse): void {
  const { 'content-type': type, 'content-length': length } = answer.headers
  response.writeHead(answer.statusCode ?? 502, {
    'content-type': type,
    ...(length ? { 'content-length': length } : {}),
  })
  answer.pipe(response)
}

function parse(answer: IncomingMessage, response: ServerResponse): void {
  answer.setEncoding('utf8')
  if (answer.headers['content-type'] === 'text/event-stream') parseEvents(answer, response)
  else parseWhole(answer, response)
}

function parseEvents(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 502, { 'content-type': 'text/event-stream' })
  let seq = 0
  let unread = ''
  answer.on('data', (text: string) => {
    const events = (unread + text).split('\n\n')
    unread = events.pop() ?? ''
    let frames = ''
    for (const event of events) {
      const data = event.slice('data: '.length)
      seq++
      frames += `id: ${seq}\ndata: ${data === '[DONE]' ? data : JSON.stringify(JSON.parse(data))}\n\n`
    }
    if (frames === '' || response.write(frames)) return
    answer.pause()
    response.once('drain', () => answer.resume())
  })
  answer.on('end', () => response.end())
  answer.on('error', () => response.destroy())
}

function parseWhole(answer: IncomingMessage, response: ServerResponse): void {
  let text = ''
  answer.on('data', (part: string) => {
    text += part
  })
  answer.on('end', () => {
    const body = JSON.stringify(JSON.parse(text))
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    response.writeHead(answer.statusCode ?? 502, headers).end(body)
  })
  answer.on('error', () => response.destroy())
}
