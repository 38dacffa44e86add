import { z } from 'zod'
import type { SmtpServer } from '../adapters/smtp/smtp.ts'

const webhookUrl = z.string().refine(isPlainHttp, {
  error: 'is http(s)://host/path without a user and password in it',
})
const webhookSecret = z.string().refine(isWebhookSecret, {
  error: 'is whsec_ and 24 to 64 bytes in base64. Make one with: echo "whsec_$(openssl rand -base64 32)"',
})
const smtpUrl = z.string().transform((text, issue) => {
  const server = readSmtpUrl(text)
  if (server) return server
  issue.addIssue('is smtp(s)://[user:password@]host[:port], with special characters of both percent-encoded')
  return z.NEVER
})
const addresses = z
  .string()
  .transform(text => text.split(',').map(item => item.trim()))
  .pipe(z.array(z.email({ error: 'is one e-mail address, or several with commas between' })).max(20))
const sender = z.string().refine(isSender, { error: 'is address@host, or: Name <address@host>' })

/** Settings of what tells the operator that something is wrong. */
export const alertSettings = {
  ALERT_WEBHOOK_URL: {
    schema: webhookUrl,
    default: undefined,
    meaning: 'Where alerts are posted as signed JSON.',
    secret: true,
  },
  ALERT_WEBHOOK_SECRET: {
    schema: webhookSecret,
    default: undefined,
    meaning: 'Signs them: `whsec_` and 24 to 64 bytes in base64, as of Standard Webhooks.',
    secret: true,
  },
  ALERT_EMAIL_TO: {
    schema: addresses,
    default: undefined,
    meaning: 'Comma-separated addresses that alerts are sent to.',
  },
  SMTP_URL: {
    schema: smtpUrl,
    default: undefined,
    meaning:
      'Server that takes the mail: `smtp(s)://user:password@host:port`. `smtps` is TLS from the start (port 465), `smtp` STARTTLS where it is offered (port 587); a password is sent over TLS only, but for a server on this machine.',
    secret: true,
  },
  SMTP_FROM: {
    schema: sender,
    default: undefined,
    meaning: 'Sender of the mail: `address@host` or `Name <address@host>`.',
  },
  ALERT_ERROR_RATE: {
    schema: z.coerce.number().gt(0).max(1),
    default: '0.05',
    meaning:
      'Share of answers with 5xx in five minutes from which there is an alert, when there were at least 20 answers.',
  },
  ALERT_MIN_FREE_BYTES: {
    schema: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
    default: '1000000000',
    meaning: 'Bytes left on the disk of `DATA_DIR` below which there is an alert; 0 never is.',
  },
} as const

type AlertSettingName = keyof typeof alertSettings

/** What goes together: settings without the others would do nothing, and whoever sets one counts on it. */
const together: readonly (readonly AlertSettingName[])[] = [
  ['ALERT_WEBHOOK_URL', 'ALERT_WEBHOOK_SECRET'],
  ['ALERT_EMAIL_TO', 'SMTP_URL', 'SMTP_FROM'],
]

/** @param missing Neither given nor refused already. */
export function impossibleAlerts(
  config: Readonly<Partial<Record<AlertSettingName, unknown>>>,
  missing: (name: AlertSettingName) => boolean,
): string[] {
  return together.flatMap(names => {
    const given = names.find(name => config[name] !== undefined)
    return given ? names.filter(missing).map(name => `${name}: goes with ${given}.`) : []
  })
}

function isPlainHttp(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false
  const { username, password } = new URL(text)
  return username === '' && password === ''
}

function isWebhookSecret(text: string): boolean {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1] ?? ''
  const { length } = Buffer.from(base64, 'base64')
  return length >= 24 && length <= 64
}

function isSender(text: string): boolean {
  const address = /^[^<>\r\n"]*<([^<>]+)>$/.exec(text)?.[1] ?? text
  return z.email().safeParse(address).success
}

function readSmtpUrl(text: string): SmtpServer | undefined {
  if (!/^smtps?:\/\//.test(text) || !URL.canParse(text)) return undefined
  const { protocol, hostname, port, username, password, pathname, search } = new URL(text)
  const secure = protocol === 'smtps:'
  if (
    hostname === '' ||
    !['', '/'].includes(pathname) ||
    search !== '' ||
    (username === '') !== (password === '')
  )
    return undefined
  try {
    const auth = { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? (secure ? 465 : 587) : Number(port),
      secure,
      ...(username === '' ? {} : { auth }),
    }
  } catch {
    return undefined
  }
}
