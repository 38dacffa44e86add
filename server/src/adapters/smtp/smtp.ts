import { createTransport } from 'nodemailer'
import type { AlertChannel, AlertMessage } from '../../ports/alert-channel.ts'

export type SmtpServer = {
  readonly host: string
  readonly port: number
  /** TLS from the first byte; else STARTTLS where the server offers it. */
  readonly secure: boolean
  readonly auth?: { readonly user: string; readonly pass: string }
}

/** Of connecting, of the greeting, and of every silence after. */
const silenceMs = 5000
const wholeMs = 15_000
const longestReply = 200

/** Plain text over a connection of its own. A password leaves this machine over TLS only. */
export function createSmtp({
  server,
  from,
  to,
}: {
  server: SmtpServer
  from: string
  to: readonly string[]
}): AlertChannel {
  const { host, port, secure, auth } = server
  const transport = createTransport({
    host,
    port,
    secure,
    ...(auth ? { auth: { ...auth } } : {}),
    requireTLS: auth !== undefined && !secure && !isHere(host),
    connectionTimeout: silenceMs,
    greetingTimeout: silenceMs,
    socketTimeout: silenceMs,
    dnsTimeout: silenceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })

  return {
    name: 'email',
    async send(message, signal) {
      const limit = AbortSignal.timeout(wholeMs)
      try {
        const { rejected } = await transport.sendMail({
          from,
          to: [...to],
          subject: subjectOf(message),
          text: textOf(message),
          messageId: `<${message.messageId}@roundhouse>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal: AbortSignal.any([signal, limit]),
        })
        const but = rejected.length > 0 ? `, but not for ${rejected.map(addressOf).join(', ')}` : ''
        return { ok: true, detail: `${host} took the message${but}.` }
      } catch (error) {
        if (limit.aborted)
          return {
            ok: false,
            detail: `${host} did not take the message within ${wholeMs / 1000} s.`,
            lasting: false,
          }
        return { ok: false, detail: reasonOf(error, host), lasting: isPermanent(error) }
      }
    },
  }
}

function isHere(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

function subjectOf({ status, severity, summary }: AlertMessage): string {
  const word = { open: severity === 'critical' ? 'Critical' : 'Warning', resolved: 'Resolved', test: 'Test' }[
    status
  ]
  return `[Roundhouse] ${word}: ${summary}`
}

function textOf({ id, type, status, summary, details, at }: AlertMessage): string {
  const facts = { ...details, type, status, at, alert: id }
  const lines = Object.entries(facts).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return `${summary}\n\n${lines.join('\n')}\n`
}

function addressOf(recipient: string | { address?: string }): string {
  return typeof recipient === 'string' ? recipient : (recipient.address ?? 'one of them')
}

/** A reply that begins with 5: the same message would get it again (RFC 5321, 4.2.1). */
function isPermanent(error: unknown): boolean {
  return error instanceof Error && 'permanent' in error && error.permanent === true
}

function reasonOf(error: unknown, host: string): string {
  if (!(error instanceof Error)) return `${host} could not be used.`
  if ('response' in error && typeof error.response === 'string')
    return `${host} refused the message: ${error.response.slice(0, longestReply)}`
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return `${host} could not be used (${code}): ${error.message.slice(0, longestReply)}`
}
