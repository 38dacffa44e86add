import type { AgentToolOf } from '@roundhouse/sdk/contract'
import type { Secrets } from '../../settings/secrets.ts'

type GivenHeaders = AgentToolOf<'http'>['headers']

export type OpenedHeaders = {
  readonly headers: Readonly<Record<string, string>>
  /** Takes the secrets out of a text, in the forms in which an answer would repeat them. */
  readonly redact: (text: string) => string
}

/** A piece of a secret that is shorter may be in any text. */
const shortestPiece = 6

/**
 * The headers of a tool, with the secrets that they refer to. To be asked for at each call: what an administrator has
 * changed counts at once.
 * @param url Where they go.
 * @throws Problem `resource-not-found`, `forbidden` for a secret that is not for this host.
 */
export async function openHeaders(
  secrets: Pick<Secrets, 'revealFor'>,
  url: URL,
  given: GivenHeaders = {},
): Promise<OpenedHeaders> {
  const host = url.hostname
  const port = Number(url.port || (url.protocol === 'http:' ? 80 : 443))
  const revealed: string[] = []
  const headers: Record<string, string> = {}
  for (const [givenName, value] of Object.entries(given)) {
    // There is a name once, however it is spelled.
    const name = givenName.toLowerCase()
    if (typeof value === 'string') {
      headers[name] = value
      continue
    }
    const secret = await secrets.revealFor(value.secret, host, port)
    revealed.push(secret)
    headers[name] = secret
  }
  return { headers, redact: redactor(revealed) }
}

function redactor(secrets: readonly string[]): (text: string) => string {
  const forms = new Set(secrets.flatMap(formsOf))
  // The longest first: a part that is taken out would leave the rest of the whole.
  const longestFirst = [...forms].sort((one, other) => other.length - one.length)
  // Names of hosts and of headers come back in small letters.
  const patterns = longestFirst.map(form => new RegExp(form.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'gi'))
  return text => patterns.reduce((left, pattern) => left.replaceAll(pattern, '***'), text)
}

/** `Bearer abc` is repeated as `abc` by some, and `Basic` with what it packs. */
function formsOf(secret: string): string[] {
  const words = secret.split(/\s+/).filter(word => word.length >= shortestPiece)
  return [secret, secret.trim(), ...words, ...words.flatMap(unpacked)]
    .filter(form => form !== '')
    .flatMap(form => [
      form,
      JSON.stringify(form).slice(1, -1),
      encodeURIComponent(form),
      Buffer.from(form).toString('base64').replace(/=+$/, ''),
      Buffer.from(form).toString('base64url'),
      form.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
    ])
}

/** `name:password` of a word in base64, and the password alone. */
function unpacked(word: string): string[] {
  const text = Buffer.from(word, 'base64').toString()
  const [, password = ''] = /^[\x20-\x39\x3b-\x7e]*:([\x20-\x7e]+)$/.exec(text) ?? []
  return password.length >= shortestPiece ? [text, password] : []
}
