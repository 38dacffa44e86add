import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { TestContext } from 'node:test'
import { type TestHouse, testHouse } from '../src/testing/house.ts'

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string; code: string | undefined }

/** Sends the path to the letter: `fetch` would resolve dots. */
export function send(
  house: TestHouse,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: Uint8Array | string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(house.url)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers, agent: false }, reply => {
      const parts: Buffer[] = []
      reply.on('data', part => parts.push(part))
      reply.on('end', () => {
        const text = Buffer.concat(parts).toString()
        const isRefusal =
          reply.headers['content-type']?.startsWith('application/json') && text.includes('statusCode')
        const code = isRefusal ? (JSON.parse(text) as { code: string }).code : undefined
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text, code })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

type Share = { databaseUrl: string; dataDir: string }

/** A house with a private bucket `docs` and a user whose key has the scope `files`. */
export async function openStorage(t: TestContext, env: Record<string, string> = {}, share?: Share) {
  const house = await testHouse(t, env, share ? { share } : {})
  const user = await house.user({ scopes: ['files'] })
  const authorization = `Bearer ${user.key}`
  await house.fetch('/storage/v1/bucket', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'docs' }),
  })
  const put = (name: string, body: string | Uint8Array, type = 'text/plain', bucket = 'docs') =>
    send(house, 'POST', `/storage/v1/object/${bucket}/${user.id}/${name}`, {
      headers: { authorization, 'content-type': type },
      body,
    })
  return { house, user, authorization, put }
}
