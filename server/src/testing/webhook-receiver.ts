import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Scope } from './defer.ts'
import { httpServer } from './http-server.ts'

export const webhookSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

export type Received = { headers: IncomingHttpHeaders; text: string; signed: boolean }

/** A receiver of webhooks; `answer` is called for every request, with its number from 1. */
export async function webhookReceiver(
  scope: Scope,
  answer: (response: ServerResponse, number: number) => void = response => void response.end(),
): Promise<{ url: string; received: readonly Received[] }> {
  const received: Received[] = []
  const { url } = await httpServer(scope, async (request, response) => {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    received.push({ headers: request.headers, text, signed: isSigned(request.headers, text) })
    answer(response, received.length)
  })
  return { url: `${url}/alerts`, received }
}

/** Written from the specification, not from the sender. */
function isSigned(headers: IncomingHttpHeaders, text: string): boolean {
  const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    name => headers[name],
  )
  const expected = createHmac('sha256', Buffer.alloc(32, 7))
    .update(`${id}.${timestamp}.${text}`)
    .digest('base64')
  return signature === `v1,${expected}` && /^\d{9,}$/.test(String(timestamp))
}
