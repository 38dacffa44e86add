import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { defer, type Scope } from './defer.ts'

export type Mail = { from: string; to: string[]; text: string }

/** A mail server on loopback without TLS. */
export async function mailServer(
  scope: Scope,
  options: SMTPServerOptions = { authOptional: true },
): Promise<{ port: number; mails: readonly Mail[] }> {
  const mails: Mail[] = []
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    onData(stream, session, callback) {
      let text = ''
      stream.setEncoding('utf8')
      stream.on('data', chunk => {
        text += chunk
      })
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          text,
        })
        callback()
      })
    },
    ...options,
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  defer(scope, () => new Promise<void>(resolve => server.close(() => resolve())))
  const address = server.server.address()
  if (typeof address !== 'object' || !address) throw new Error('The mail server has no address.')
  return { port: address.port, mails }
}
