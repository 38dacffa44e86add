import { createHmac } from 'node:crypto'
import type { AlertChannel, AlertOutcome } from '../../ports/alert-channel.ts'

const timeoutMs = 5000
/** What may be gone a moment later; other refusals stay. */
const passing = new Set([408, 425, 429])

/**
 * Posts the message as JSON, signed as of the Standard Webhooks specification (1.0.0, symmetric signatures). Redirects
 * are not followed: the address is the operator's, and nobody else's. It may be a private one for the same reason.
 *
 * @param secret `whsec_` and the key in base64.
 */
export function createWebhook({
  url,
  secret,
  now,
}: {
  url: string
  secret: string
  /** Milliseconds since the epoch. */
  now: () => number
}): AlertChannel {
  return {
    name: 'webhook',
    async send(message, signal) {
      const { messageId, ...content } = message
      const body = JSON.stringify(content)
      const timestamp = String(Math.floor(now() / 1000))
      try {
        const response = await fetch(url, {
          method: 'POST',
          redirect: 'manual',
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
          // The next message comes in an hour: an idle connection would only be in the way of stopping.
          headers: {
            'content-type': 'application/json',
            'user-agent': 'roundhouse',
            connection: 'close',
            'webhook-id': messageId,
            'webhook-timestamp': timestamp,
            'webhook-signature': signatureOf(secret, messageId, timestamp, body),
          },
          body,
        })
        await response.body?.cancel()
        return judge(response, now())
      } catch (error) {
        return { ok: false, detail: reasonOf(error), lasting: false }
      }
    },
  }
}

/** `timestamp` in seconds since the epoch. */
export function signatureOf(secret: string, messageId: string, timestamp: string, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${messageId}.${timestamp}.${body}`).digest('base64')}`
}

function judge(response: Response, nowMs: number): AlertOutcome {
  const { status } = response
  if (response.ok) return { ok: true, detail: `The webhook answered ${status}.` }
  if (status >= 300 && status < 400)
    return {
      ok: false,
      detail: `The webhook answered ${status}; redirects are not followed. Set ALERT_WEBHOOK_URL to where it points.`,
      lasting: true,
    }
  const retryAfterMs = waitOf(response.headers.get('retry-after'), nowMs)
  return {
    ok: false,
    detail: `The webhook answered ${status}, expected 2xx.`,
    lasting: status < 500 && !passing.has(status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function waitOf(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  const waitMs = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs)
}

/** Without the address, which may hold a token. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `The webhook did not answer within ${timeoutMs / 1000} s.`
  if (error instanceof Error && error.name === 'AbortError') return 'The webhook did not answer in time.'
  const cause = error instanceof Error ? error.cause : undefined
  const code =
    typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
      ? cause.code
      : 'no connection'
  return `The webhook could not be reached (${code}).`
}
