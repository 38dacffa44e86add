import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

// The floor: Node's own HTTP server that reads the body, parses it, and prints an answer of the same size with
// `JSON.stringify`. No routing, no key, no checks, no log, no inference. The answers come by path, in a file.

const answers = new Map(Object.entries(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))))

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString())
    const answer = answers.get(request.url ?? '')
    const text = JSON.stringify(answer ?? null)
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    response.writeHead(body && answer ? 200 : 404, headers)
    response.end(text)
  })
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
