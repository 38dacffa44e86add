import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, readConfig } from './config.ts'

const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const mail = {
  ALERT_EMAIL_TO: 'ops@example.com, night@example.com',
  SMTP_URL: 'smtps://u%40example.com:p%3Aw@mail.example.com',
  SMTP_FROM: 'Roundhouse <alerts@example.com>',
}

test('alerts need no setting, and both channels may be declared', () => {
  const none = readConfig({})
  assert.equal(none.ALERT_ERROR_RATE, 0.05)
  assert.equal(none.ALERT_MIN_FREE_BYTES, 1_000_000_000)
  assert.equal(none.ALERT_WEBHOOK_URL, undefined)
  const all = readConfig({
    ...mail,
    ALERT_WEBHOOK_URL: 'http://10.0.0.7:9000/hook?a=1',
    ALERT_WEBHOOK_SECRET: secret,
  })
  assert.deepEqual(all.ALERT_EMAIL_TO, ['ops@example.com', 'night@example.com'])
  assert.deepEqual(all.SMTP_URL, {
    host: 'mail.example.com',
    port: 465,
    secure: true,
    auth: { user: 'u@example.com', pass: 'p:w' },
  })
  assert.deepEqual(readConfig({ ...mail, SMTP_URL: 'smtp://[::1]' }).SMTP_URL, {
    host: '::1',
    port: 587,
    secure: false,
  })
})

test('a channel that is only half declared is refused in one sentence', () => {
  const problems = (env: Record<string, string>) => problemsOf(env)
  assert.deepEqual(problems({ ALERT_WEBHOOK_URL: 'https://a.example.com/' }), [
    'ALERT_WEBHOOK_SECRET: goes with ALERT_WEBHOOK_URL.',
  ])
  assert.deepEqual(problems({ ALERT_WEBHOOK_SECRET: secret }), [
    'ALERT_WEBHOOK_URL: goes with ALERT_WEBHOOK_SECRET.',
  ])
  for (const name of ['ALERT_EMAIL_TO', 'SMTP_URL', 'SMTP_FROM'] as const) {
    const [problem = '', ...more] = problems({ ...mail, [name]: '' })
    assert.match(problem, new RegExp(`^${name}: goes with [A-Z_]+\\.$`))
    assert.deepEqual(more, [])
  }
})

test('a setting that cannot work is named without its value', () => {
  const bad: Record<string, readonly string[]> = {
    ALERT_WEBHOOK_URL: ['ftp://a.example.com', 'a.example.com', 'https://user:word@a.example.com'],
    ALERT_WEBHOOK_SECRET: ['word', 'whsec_', `whsec_${Buffer.alloc(23).toString('base64')}`, `${secret}!`],
    ALERT_EMAIL_TO: ['ops', 'ops@example.com,', 'ops@example.com;b@example.com'],
    SMTP_URL: [
      'mail.example.com',
      'smtp://',
      'smtp://u@mail.example.com',
      'smtp://a/b',
      'smtp://u:%@a',
      'smtp://a?x=1',
    ],
    SMTP_FROM: ['Roundhouse', 'a@example.com\r\nBcc: b@example.com', 'A <a@example.com> B'],
    ALERT_ERROR_RATE: ['0', '1.1', '5%'],
    ALERT_MIN_FREE_BYTES: ['-1', '1 GB'],
  }
  const whole = { ...mail, ALERT_WEBHOOK_URL: 'https://a.example.com/', ALERT_WEBHOOK_SECRET: secret }
  for (const [name, values] of Object.entries(bad))
    for (const value of values) {
      const [problem = '', ...more] = problemsOf({ ...whole, [name]: value })
      assert.ok(problem.startsWith(`${name}: `), `${name} took ${value}`)
      if (value.length > 6) assert.ok(!problem.includes(value))
      assert.deepEqual(more, [])
    }
})

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
  }
}
