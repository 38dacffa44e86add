import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'

// As http-floor.ts, with the framework of our server and nothing of our server: its own body parser and `JSON.stringify`.

const answers = new Map(Object.entries(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))))

const app = fastify({ logger: false, bodyLimit: 16 * 1024 * 1024 })
app.post('/v2/models/:model/infer', (request, reply) => {
  reply.send(answers.get(request.url))
})
await app.listen({ port: 0, host: '127.0.0.1' })
console.log((app.server.address() as AddressInfo).port)
