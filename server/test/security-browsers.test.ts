import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { accessFixture } from '../src/testing/access-fixture.ts'
import { createBrowser } from '../src/testing/browser.ts'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { matrix } from './access-matrix.ts'
import { changes, type Operation, operationsOf, trueStatus } from './operations.ts'
import { sendRaw } from './wire.ts'

const listed = 'https://app.example.com'
const password = 'correct horse battery staple'
/** Which origins may come there is said by the embed of the path; nobody's cookie is looked at. */
const isOfEmbed = ({ name }: Operation) => name.includes(' /api/v1/embed/')

describe('pages of other origins', () => {
  let house: TestHouse
  let operations: Operation[]

  before(async () => {
    house = await testHouse(
      { after() {} },
      { CORS_ORIGINS: listed, PUBLIC_URL: 'https://models.example.com' },
    )
    operations = await operationsOf(house)
    assert(operations.length > 40)
  })
  after(() => house?.close())

  test('no route lets a page of an origin read it that is not listed, however alike it looks', async () => {
    const strangers = [
      'null',
      'https://evil.example',
      'https://app.example.com.evil.example',
      'https://evilapp.example.com',
      'https://xapp.example.com',
      'https://app.example.co',
      'https://app.example.com:8443',
      'http://app.example.com',
      'https://APP.example.com',
      'https://app.example.com/',
      'https://app.example.com https://evil.example',
      '*',
    ]
    const wrong: string[] = []
    for (const operation of operations)
      for (const origin of strangers) {
        const { name, method, path } = operation
        const reply = await house.anonymous(path, { method, headers: { origin }, redirect: 'manual' })
        await reply.arrayBuffer()
        // That there is no such embed every page is told, with no cookie: else its widget would try for ever.
        const isTold = isOfEmbed(operation) && reply.status >= 400
        const allowed = reply.headers.get(`access-control-allow-${isTold ? 'credentials' : 'origin'}`)
        if (allowed !== null) wrong.push(`${name} tells ${origin}: ${allowed}`)
      }
    for (const origin of strangers) {
      const headers = { origin, 'access-control-request-method': 'DELETE' }
      const reply = await house.anonymous('/api/v1/keys', { method: 'OPTIONS', headers })
      if (reply.headers.has('access-control-allow-origin')) wrong.push(`the preflight allows ${origin}`)
    }
    assert.deepEqual(wrong.slice(0, 20), [])
  })

  test('every route lets a page of a listed origin read it with its cookie, refusals too, and says that it depends on the origin', async () => {
    for (const { name, method, path } of operations.filter(one => !isOfEmbed(one))) {
      const reply = await house.anonymous(path, { method, headers: { origin: listed }, redirect: 'manual' })
      await reply.arrayBuffer()
      assert.equal(reply.headers.get('access-control-allow-origin'), listed, name)
      assert.equal(reply.headers.get('access-control-allow-credentials'), 'true', name)
      assert.match(reply.headers.get('vary') ?? '', /\borigin\b/i, name)
    }
  })

  test('a page of a listed origin may send every method that a route has', async () => {
    for (const { name, method, path } of operations.filter(one => !isOfEmbed(one))) {
      const reply = await house.anonymous(path, {
        method: 'OPTIONS',
        headers: {
          origin: listed,
          'access-control-request-method': method,
          'access-control-request-headers': 'authorization,content-type',
        },
      })
      assert.equal(reply.status, 204, name)
      assert.equal(reply.headers.get('access-control-allow-origin'), listed, name)
      assert(reply.headers.get('access-control-allow-methods')?.split(', ').includes(method), name)
      assert.match(reply.headers.get('access-control-allow-headers') ?? '', /authorization/, name)
    }
  })

  test('no answer may be shown inside another page or taken for another type, pages, documentation and refusals included', async () => {
    const safe = (headers: Headers, name: string) => {
      assert.equal(headers.get('x-content-type-options'), 'nosniff', name)
      assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, name)
    }
    const paths = [
      '/',
      '/style.css',
      '/sign-in',
      '/docs',
      '/docs/',
      '/docs/json',
      '/openapi.json',
      '/nothing',
      '/%zz',
    ]
    for (const path of paths) safe((await house.anonymous(path, { redirect: 'manual' })).headers, path)
    for (const { name, method, path } of operations) {
      const reply = await house.anonymous(path, { method, redirect: 'manual' })
      await reply.arrayBuffer()
      safe(reply.headers, name)
    }
    const unreadable = await sendRaw(house, 'nonsense\r\n\r\n')
    assert.match(unreadable, /^HTTP\/1\.1 400 /)
    assert.match(unreadable, /^x-content-type-options: nosniff\r$/m)
    assert.match(unreadable, /^content-security-policy: frame-ancestors 'none'\r$/m)
  })
})

test('a form or a script of another site changes nothing with the cookie of an administrator, whatever it sends', async t => {
  const house = await testHouse(t, { CORS_ORIGINS: listed })
  const fixture = await accessFixture(house)
  const browser = createBrowser()
  const account = { email: 'root@example.com', password, name: 'Root' }
  const made = await browser.fetch(`${house.url}/api/auth/sign-up/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(account),
  })
  assert.equal(made.status, 200, await made.text())
  await sql`insert into user_roles (user_id, role) select id, 'admin' from users where email = ${account.email}`.execute(
    house.ground.database.system,
  )
  const cookie = [...browser.cookies].map(pair => pair.join('=')).join('; ')
  const own = await house.anonymous('/api/v1/admin/users', { headers: { cookie } })
  assert.equal(own.status, 200, 'the cookie is that of an administrator')

  const places: Record<string, string>[] = [
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: 'https://evil.app.example.com', 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    {},
  ]
  const ada = { email: 'ada@example.com', password }
  const entrances: Record<string, string> = {
    'POST /api/auth/sign-up/email': JSON.stringify({ ...ada, name: 'Ada' }),
    'POST /api/auth/sign-in/email': JSON.stringify({ email: account.email, password }),
    'POST /api/auth/sign-in/social': JSON.stringify({ provider: 'github' }),
  }
  const boundary = 'multipart/form-data; boundary=b'
  const types = ['text/plain', 'application/x-www-form-urlencoded', boundary, 'application/json']
  // The right to those is in a token that the page has to know; a cookie opens nothing there.
  const byToken = /^\w+ \/storage\/v1\/(object\/upload\/sign|upload\/resumable\/sign)\b/
  const unsafe = (await operationsOf(house)).filter(
    one => changes(one) && !byToken.test(one.name) && !isOfEmbed(one),
  )
  assert(unsafe.length > 20)
  const wrong: string[] = []
  for (const operation of unsafe) {
    const row = matrix[operation.name]
    assert(row, operation.name)
    const { path, init } = await row.call(fixture)
    const before = await fixture.fingerprint()
    for (const place of places) {
      // A program without any sign of a page may sign in: it has no cookie that another page could use.
      if (operation.isPublic && place.origin === undefined) continue
      for (const type of types) {
        const headers = { ...place, cookie, 'content-type': type }
        const text = entrances[operation.name] ?? (typeof init?.body === 'string' ? init.body : '{}')
        const reply = await house.anonymous(path, {
          method: operation.method,
          headers,
          ...(operation.method === 'DELETE' ? {} : { body: type === boundary ? form(text) : text }),
        })
        const body = await reply.text()
        // The ways in read JSON only, and refuse anything else before they look where it comes from.
        const isRefused =
          (trueStatus(path, reply.status, body) === 403 &&
            /"cross-site"|cookie must come from a page of this server/.test(body)) ||
          (operation.isPublic && reply.status === 415 && type !== 'application/json')
        if (!isRefused || reply.headers.getSetCookie().length > 0)
          wrong.push(
            `${operation.name} as ${type} from ${place.origin}: ${reply.status} ${body.slice(0, 120)}`,
          )
      }
    }
    if (before !== (await fixture.fingerprint())) wrong.push(`${operation.name} changed something`)
  }
  assert.deepEqual(wrong.slice(0, 20), [])

  for (const headers of [
    { 'sec-fetch-site': 'same-origin' },
    { origin: listed, 'sec-fetch-site': 'cross-site' },
  ]) {
    const reply = await browser.fetch(`${house.url}/api/v1/keys`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"name":"k"}',
    })
    assert.equal(reply.status, 201, 'our own page and those of listed origins may')
  }
})

function form(text: string): string {
  return `--b\r\ncontent-disposition: form-data; name="name"\r\n\r\n${text}\r\n--b--\r\n`
}

test('the session cookie is out of reach of scripts, other sites, other hosts and plain connections, as far as the address allows', async t => {
  const cases: [env: Record<string, string>, cookie: RegExp][] = [
    [{}, /^roundhouse\.session=[^;]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/],
    [
      { PUBLIC_URL: 'https://app.example.com' },
      /^__Host-roundhouse\.session=[^;]+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    ],
    [
      { PUBLIC_URL: 'https://app.example.com', COOKIES_CROSS_SITE: 'true', CORS_ORIGINS: listed },
      /^__Host-roundhouse\.session=[^;]+; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=None$/,
    ],
  ]
  for (const [env, expected] of cases) {
    const house = await testHouse(t, env)
    const browser = createBrowser()
    const account = { email: 'ada@example.com', password, name: 'Ada' }
    const post = (path: string, body: unknown) =>
      browser.fetch(`${house.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
        body: JSON.stringify(body),
      })
    const made = await post('/api/auth/sign-up/email', account)
    const again = await post('/api/auth/sign-in/email', { email: account.email, password })
    const seen = await browser.fetch(`${house.url}/api/auth/get-session`)
    for (const reply of [made, again, seen]) {
      assert.equal(reply.status, 200)
      const cookies = reply.headers.getSetCookie()
      assert.equal(cookies.length, 1)
      assert.match(cookies[0] ?? '', expected)
    }
    const [gone] = (await post('/api/auth/sign-out', {})).headers.getSetCookie()
    assert.match(gone ?? '', /session=; Max-Age=0; Path=\/; HttpOnly/)
    await house.close()
  }
})
