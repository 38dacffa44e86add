import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alertChannelContract, message } from '../../ports/alert-channel.contract.ts'
import { mailServer } from '../../testing/mail-server.ts'
import { silentServer } from '../../testing/silent-server.ts'
import { createSmtp } from './smtp.ts'

const { signal } = new AbortController()
const host = '127.0.0.1'
const from = 'Roundhouse <alerts@example.com>'
const to = ['ops@example.com', 'night@example.com']

alertChannelContract(async (t, receiver) => {
  if (receiver === 'hangs') {
    const { port, sockets } = await silentServer(t)
    const channel = createSmtp({ server: { host, port, secure: false }, from, to })
    return { channel, texts: () => [], connections: () => sockets.length }
  }
  const { port, mails } = await mailServer(t, {
    authOptional: true,
    onMailFrom: (_address, _session, callback) =>
      callback(
        receiver === 'refuses' ? Object.assign(new Error('not from you'), { responseCode: 550 }) : null,
      ),
  })
  return {
    channel: createSmtp({ server: { host, port, secure: false }, from, to }),
    texts: () => mails.map(({ text }) => text),
    connections: () => mails.length,
  }
})

test('the mail says in its subject what is wrong and how bad it is, and the rest in plain text', async t => {
  const { port, mails } = await mailServer(t)
  const channel = createSmtp({ server: { host, port, secure: false }, from, to })
  await channel.send(message, signal)
  await channel.send({ ...message, status: 'resolved' }, signal)
  const [first = assert.fail(), second = assert.fail()] = mails
  assert.equal(first.from, 'alerts@example.com')
  assert.deepEqual(first.to, to)
  const headers = first.text.replace(/\r\n[ \t]+/g, ' ')
  assert.match(
    headers,
    /^Subject: \[Roundhouse\] Critical: The disk of a has 1 MB left, less than 1,000 MB\.\r$/m,
  )
  assert.match(headers, /^Content-Type: text\/plain; charset=utf-8\r$/m)
  assert.match(headers, new RegExp(`^Message-ID: <${message.messageId}@roundhouse>\r$`, 'm'))
  assert.match(headers, /^free_bytes: 1000000\r$/m)
  assert.match(second.text, /^Subject: \[Roundhouse\] Resolved: /m)
})

test('signs in with its user and password', async t => {
  const signedIn: unknown[] = []
  const { port, mails } = await mailServer(t, {
    allowInsecureAuth: true,
    onAuth({ username, password }, _session, callback) {
      signedIn.push([username, password])
      callback(null, { user: username ?? '' })
    },
  })
  const server = { host, port, secure: false, auth: { user: 'u@example.com', pass: 'p:w' } }
  const outcome = await createSmtp({ server, from, to }).send(message, signal)
  assert.equal(outcome.ok, true, outcome.detail)
  assert.deepEqual(signedIn, [['u@example.com', 'p:w']])
  assert.equal(mails.length, 1)
})

test('one address that the server does not know keeps the others from nothing', async t => {
  const { port, mails } = await mailServer(t, {
    authOptional: true,
    onRcptTo: ({ address }, _session, callback) =>
      callback(address.startsWith('ops') ? Object.assign(new Error('unknown'), { responseCode: 550 }) : null),
  })
  const outcome = await createSmtp({ server: { host, port, secure: false }, from, to }).send(message, signal)
  assert.equal(outcome.ok, true)
  assert.match(outcome.detail, /not for ops@example\.com/)
  assert.deepEqual(mails[0]?.to, ['night@example.com'])
})
