import type pg from 'pg'
import { parseIntoClientConfig } from 'pg-connection-string'
import type { Log } from '../../kit/log.ts'

export type ConnectionOptions = {
  /** A connection string. It holds a password: it never reaches a log or an error message. */
  url: string
  /** Connections start as this role; for a login that may do more than the code needs. */
  role?: string
  /** Shown in `pg_stat_activity`: tells who holds what. */
  applicationName: string
  /** Ours when absent. */
  searchPath?: string
}

/**
 * Holds our tables, so that they meet neither those of the user nor an API that a host puts over `public`; extensions
 * in `public` are still found.
 */
export const schemaName = 'roundhouse'
const ourSearchPath = `${schemaName},public`

/**
 * Reads a connection string for node-postgres. `sslmode=require` and `verify-*` verify certificate and name;
 * only an explicit `no-verify` does not, with a warning. TLS is off when the string says nothing about it.
 * @throws Error, one sentence, without the string.
 */
export function readConnection(options: ConnectionOptions, log: Log): pg.ClientConfig {
  const { applicationName, role, searchPath = ourSearchPath } = options
  const config = parse(options.url, log)
  // Ours come last and win: a search_path of the string would hide our tables.
  const startup = [
    config.options,
    `-c search_path=${searchPath}`,
    role === undefined ? undefined : `-c role=${role}`,
  ]
  return {
    ...config,
    // Unset, node-postgres would take it from PGSSLMODE.
    ssl: config.ssl ?? false,
    application_name: applicationName,
    keepAlive: true,
    options: startup.filter(Boolean).join(' '),
  }
}

/** Ends the connection at once: a goodbye to a server that is frozen would wait for it. */
export function destroyClient(client: pg.Client): void {
  client.on('error', () => {})
  client.connection.stream.destroy()
}

function parse(text: string, log: Log): pg.ClientConfig {
  const invalid =
    'The database connection string is not valid. It has the form postgresql://user:password@host:5432/database.'
  if (!/^postgres(ql)?:\/\//.test(text)) throw new Error(invalid)
  const [address = '', query = ''] = text.split(/\?(.*)/s)
  const parameters = new URLSearchParams(query)
  const mode = readSslMode(parameters)
  // Spelled out: the parser takes require and verify-ca for verify-full today but not in its next version, and ignores
  // ssl=no-verify, which would then mean no TLS at all.
  if (mode) parameters.set('sslmode', mode)
  parameters.delete('ssl')
  if (mode === 'no-verify')
    log.warn('database-tls-unverified', { detail: 'sslmode=no-verify: whoever answers is believed.' })
  // It would weaken `require`.
  parameters.delete('uselibpqcompat')
  try {
    // Spaces as %20: the parser does not read the + of a form.
    return parseIntoClientConfig(`${address}?${parameters.toString().replaceAll('+', '%20')}`)
  } catch {
    // No cause: it may quote the string.
    throw new Error(invalid)
  }
}

function readSslMode(parameters: URLSearchParams): 'verify-full' | 'no-verify' | 'disable' | undefined {
  const mode = parameters.get('sslmode') ?? parameters.get('ssl')
  switch (mode) {
    case null:
      return undefined
    case 'no-verify':
      return mode
    case 'disable':
    case 'false':
    case '0':
      return 'disable'
    case 'prefer':
    case 'require':
    case 'verify-ca':
    case 'verify-full':
    case 'true':
    case '1':
      return 'verify-full'
    default:
      throw new Error(`sslmode=${mode} is not known. Use verify-full, no-verify or disable.`)
  }
}
