import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

// What Node's own streams do with a file: GET sends one, POST stores one beside its place, with fsync of the file unless
// the query is `unsynced`, and renames it. No key, no row, no hash, no log, no limits.

const folder = process.argv[2] ?? ''

const server = createServer((request, response) => {
  const [path = '', query] = (request.url ?? '').split('?')
  const file = join(folder, basename(path))
  const done =
    request.method === 'GET' ? send(file, response) : store(file, request, response, query !== 'unsynced')
  done.catch(() => response.destroy())
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))

async function send(file: string, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-length': (await stat(file)).size })
  await pipeline(createReadStream(file), response)
}

async function store(
  file: string,
  request: IncomingMessage,
  response: ServerResponse,
  flush: boolean,
): Promise<void> {
  const written = `${file}.${randomUUID()}`
  await pipeline(request, createWriteStream(written, { flush }))
  await rename(written, file)
  response.writeHead(200, { 'content-length': 0 }).end()
}
