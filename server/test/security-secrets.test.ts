import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { createBrowser } from '../src/testing/browser.ts'
import { standInGithub } from '../src/testing/github.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { claimsOf, fakeIssuer, forge, hmac } from '../src/testing/tokens.ts'
import { until } from '../src/testing/until.ts'
import { type Server, startServer } from './server.ts'

const random = () => `canary-${randomBytes(24).toString('base64url')}`
/** What must be nowhere, by name. Those of the sign-in join as the server makes them. */
const canaries: Record<string, string> = {
  serviceKey: random(),
  secondServiceKey: random(),
  secretKey: random(),
  encryptionKey: random(),
  legacySecret: random(),
  githubSecret: random(),
  backendSecret: random(),
  password: random(),
  newPassword: random(),
  wrongPassword: random(),
  setupPassword: random(),
  storedSecret: random(),
  replacedSecret: random(),
  wrongKey: `rh_${random()}`,
  wrongSession: random(),
  wrongSetupToken: random(),
  wrongInvitation: random(),
  keyInQuery: random(),
  brokenBody: random(),
}
const canary = (name: string): string => {
  const value = canaries[name]
  assert(value, `there is no ${name} yet`)
  return value
}
/** What is shown where it may be looked for in vain: that the search finds anything. */
const email = 'ada-of-the-canaries@example.com'

describe('what is secret', () => {
  let server: Server
  let database: pg.Client
  const ends: (() => unknown)[] = []
  const file = { after: (end: () => unknown) => void ends.push(end) }
  /** Bodies and headers of every refusal. */
  const refusals: string[] = []

  before(async () => {
    const { adminUrl } = await testDatabase(file)
    database = new pg.Client({ connectionString: adminUrl })
    await database.connect()
    file.after(() => database.end())
    const github = await standInGithub(file)
    github.clientSecret = canary('githubSecret')
    github.person = {
      id: 9,
      login: 'octo',
      emails: [{ email: 'octo@example.com', primary: true, verified: true }],
    }
    const issuer = await fakeIssuer(file)
    server = await startServer(file, {
      env: {
        DATABASE_URL: adminUrl,
        ENVIRONMENT: 'production',
        PUBLIC_URL: 'https://models.example.com',
        SAMPLE_MODEL: 'false',
        LOG_LEVEL: 'debug',
        DRAIN_SECONDS: '2',
        SERVICE_ROLE_KEY: canary('serviceKey'),
        SUPABASE_SERVICE_ROLE_KEY: canary('secondServiceKey'),
        SECRET_KEY: canary('secretKey'),
        ENCRYPTION_KEY: canary('encryptionKey'),
        SUPABASE_URL: issuer.supabaseUrl,
        SUPABASE_JWT_SECRET: canary('legacySecret'),
        SUPABASE_JWT_MODE: 'both',
        RAILWAY_BACKEND_SECRET: canary('backendSecret'),
        GITHUB_ID: github.clientId,
        GITHUB_SECRET: github.clientSecret,
        GITHUB_URL: github.url,
        GITHUB_API_URL: github.url,
      },
    })
    canaries.token = issuer.token()
    canaries.legacyToken = forge(
      { alg: 'HS256', typ: 'JWT' },
      claimsOf(issuer.issuer),
      hmac(canary('legacySecret')),
    )
    canaries.expiredToken = issuer.token({ exp: 1 })
    canaries.forgedToken = forge(
      { alg: 'HS256', typ: 'JWT' },
      claimsOf(issuer.issuer),
      hmac('not the secret'),
    )
    await useEverything()
    await failEverywhere()
    await database.query('alter table roundhouse.models drop constraint never')
  })
  after(async () => {
    for (const end of ends.reverse()) await end()
  })

  /** One call without any credential but those given; a refusal is kept. */
  async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const reply = await fetch(`${server.url}${path}`, {
      method,
      redirect: 'manual',
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await reply.text()
    if (reply.status >= 400)
      refusals.push(`${method} ${path.split('?')[0]} ${reply.status} ${[...reply.headers]} ${text}`)
    const parsed: Record<string, string> = text.startsWith('{') ? JSON.parse(text) : {}
    return {
      status: reply.status,
      body: parsed,
      cookie: reply.headers.getSetCookie()[0]?.split(';')[0] ?? '',
    }
  }
  const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })

  /** Every kind of secret is used, rightly and wrongly. */
  async function useEverything(): Promise<void> {
    await until(() => server.stderr().endsWith('\n'), 'the link is told')
    canaries.setupToken = server.stderr().trim().split('/setup#')[1] ?? ''
    const account = { email, password: canary('password'), name: 'Ada' }
    const root = { email: 'root@example.com', name: 'Root', password: canary('setupPassword') }
    await call('POST', '/api/v1/setup', { ...root, token: canary('wrongSetupToken') })
    const setup = await call('POST', '/api/v1/setup', { ...root, token: canary('setupToken') })
    assert.equal(setup.status, 201, JSON.stringify(setup.body))
    const signedUp = await call('POST', '/api/auth/sign-up/email', account)
    canaries.session = signedUp.body.token ?? ''
    canaries.cookie = signedUp.cookie.split('=')[1] ?? ''
    const session = bearer(canary('session'))
    assert.equal((await call('GET', '/api/v1/me', undefined, session)).status, 200)
    const cookie = { cookie: signedUp.cookie }
    assert.equal((await call('GET', '/api/v1/me', undefined, cookie)).status, 200)
    await call('POST', '/api/v1/keys', { name: 'k' }, { ...cookie, origin: 'https://evil.example' })
    await call('POST', '/api/auth/sign-in/email', { email, password: canary('wrongPassword') })
    await call('POST', '/api/auth/sign-in/email', { email, passwort: canary('wrongPassword') })
    await call('POST', '/api/auth/sign-up/email', { ...account, password: canary('wrongPassword') })
    await call('POST', '/api/auth/sign-up/email', { ...account, invitation: canary('wrongInvitation') })
    const changed = { currentPassword: account.password, newPassword: canary('newPassword') }
    assert.equal((await call('POST', '/api/auth/change-password', changed, session)).status, 200)
    await call('POST', '/api/auth/change-password', changed, session)

    const made = await call('POST', '/api/v1/keys', { name: 'k', scopes: ['admin'] }, session)
    canaries.apiKey = made.body.key ?? ''
    for (const headers of [bearer(canary('apiKey')), { 'x-api-key': canary('apiKey') }])
      assert.equal((await call('GET', '/api/v1/me', undefined, headers)).status, 200)
    for (const name of ['serviceKey', 'secondServiceKey', 'token', 'legacyToken'])
      assert.equal(
        (await call('GET', '/api/v1/me', undefined, bearer(canary(name)))).status,
        200,
        whatFailed(name),
      )
    for (const name of ['wrongKey', 'wrongSession', 'expiredToken', 'forgedToken'])
      assert.equal((await call('GET', '/api/v1/me', undefined, bearer(canary(name)))).status, 401, name)
    const backend = { 'x-railway-secret': canary('backendSecret') }
    await call('GET', '/api/v1/models', undefined, backend)
    await call('GET', `/api/v1/models?api_key=${canary('keyInQuery')}&token=${canary('session')}`)
    await call('GET', `/nothing/here?token=${canary('keyInQuery')}`, undefined, session)
    await call('POST', '/api/v1/keys', `{"name":"${canary('brokenBody')}`, session)

    const admin = bearer(canary('serviceKey'))
    for (const name of ['replacedSecret', 'storedSecret'])
      assert.equal(
        (await call('PUT', '/api/v1/admin/secrets/provider', { value: canary(name) }, admin)).status,
        204,
      )
    await call('PUT', '/api/v1/admin/secrets/-', { value: canary('storedSecret') }, admin)
    await call('PUT', '/api/v1/admin/secrets/provider', { value: canary('storedSecret') }, session)
    const invited = await call('POST', '/api/v1/admin/invitations', { email: 'guest@example.com' }, admin)
    canaries.invitation = invited.body.token ?? ''
    await call('POST', '/api/auth/sign-up/email', {
      ...account,
      email: 'other@example.com',
      invitation: canary('invitation'),
    })

    const browser = createBrowser()
    const start = await browser.fetch(`${server.url}/api/auth/sign-in/social`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: '{"provider":"github","callbackURL":"/account"}',
    })
    const { url } = (await start.json()) as { url: string }
    const agreed = await fetch(url, { redirect: 'manual' })
    const back = new URL(agreed.headers.get('location') ?? '')
    canaries.githubCode = back.searchParams.get('code') ?? ''
    const arrived = await browser.fetch(`${server.url}${back.pathname}${back.search}`)
    assert.equal(arrived.headers.get('location'), '/account')
    canaries.githubCookie = [...browser.cookies.values()][0] ?? ''
    // A second time, and with a state that is none.
    await browser.fetch(`${server.url}${back.pathname}${back.search}`)
    await call('GET', `${back.pathname}?code=${canary('githubCode')}&state=none`)
  }

  const whatFailed = (name: string) => `${name}: ${JSON.stringify(server.log('request-fail'))}`

  /** The database refuses every row: what it says of them must go no further. */
  async function failEverywhere(): Promise<void> {
    const tables = ['sessions', 'identities', 'api_keys', 'secrets', 'invitations', 'verifications', 'models']
    for (const table of tables)
      await database.query(`alter table roundhouse.${table} add constraint never check (false) not valid`)
    const admin = bearer(canary('serviceKey'))
    const failing = [
      await call('POST', '/api/v1/keys', { name: 'k' }, bearer(canary('apiKey'))),
      await call('POST', '/api/auth/sign-in/email', { email, password: canary('newPassword') }),
      await call('POST', '/api/auth/sign-up/email', {
        email: 'new@example.com',
        name: 'N',
        password: canary('password'),
      }),
      await call('PUT', '/api/v1/admin/secrets/provider', { value: canary('storedSecret') }, admin),
      await call('POST', '/api/v1/admin/invitations', { email: 'new@example.com' }, admin),
      await call('POST', '/api/auth/sign-in/social', { provider: 'github' }),
      await call(
        'POST',
        '/api/v1/models',
        { name: 'm', description: canary('brokenBody') },
        bearer(canary('apiKey')),
      ),
    ]
    assert.deepEqual(
      failing.map(({ status }) => status),
      failing.map(() => 500),
    )
    for (const table of tables.slice(0, -1))
      await database.query(`alter table roundhouse.${table} drop constraint never`)
  }

  /** The names of the canaries in a text, in the clear or in any of the forms that give them back. */
  function found(text: string): string[] {
    return Object.entries(canaries)
      .filter(([, value]) => formsOf(value).some(form => text.includes(form)))
      .map(([name]) => name)
  }

  test('there is something to be found, of every kind', () => {
    assert(Object.keys(canaries).length >= 25)
    for (const [name, value] of Object.entries(canaries)) assert(value.length >= 20, `${name}: ${value}`)
    assert(refusals.length >= 20)
    for (const [name, value] of Object.entries(canaries))
      for (const form of formsOf(value)) assert.deepEqual(found(`x${form}y`).includes(name), true)
  })

  test('no log line holds one, nor a hash of a password, with the log at its most talkative', async () => {
    await call('GET', '/api/v1/live', undefined, { 'x-request-id': 'the-last-one' })
    await until(
      () => server.log('request-end').some(line => line.request_id === 'the-last-one'),
      'all is logged',
    )
    const lines = server.log()
    assert(lines.some(({ level }) => level === 'debug') || lines.length > 50)
    assert(server.log('request-fail').length >= 7, 'the failures are there to be read')
    for (const line of lines) {
      const text = JSON.stringify(line)
      assert.deepEqual(found(text), [], text.slice(0, 600))
      assert.doesNotMatch(text, /scrypt\$|v1\.[\w-]+\.[\w-]{16}\./, text.slice(0, 600))
    }
    // How its reader makes the first administrator, and all that is written there.
    assert.match(server.stderr(), /^Make the first administrator at \S+\n$/)
  })

  test('no refusal and no metric holds one', async () => {
    for (const refusal of refusals) assert.deepEqual(found(refusal), [], refusal.slice(0, 600))
    const reply = await fetch(`${server.url}/metrics`, { headers: bearer(canary('serviceKey')) })
    const metrics = await reply.text()
    assert.match(metrics, /^roundhouse_http_request_duration_seconds_count/m)
    assert.deepEqual(found(metrics), [])
  })

  test('no page, no documentation and no public file holds one', async () => {
    const folders = ['../public', '../../console/public'].map(path =>
      fileURLToPath(new URL(path, import.meta.url)),
    )
    let files = 0
    for (const folder of folders)
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue
        files += 1
        assert.deepEqual(found(await readFile(join(entry.parentPath, entry.name), 'latin1')), [], entry.name)
      }
    assert(files > 3)
    for (const path of [
      '/',
      '/docs',
      '/docs/',
      '/openapi.json',
      '/sign-in',
      '/api/v1/health',
      '/api/v1/sign-in-options',
    ]) {
      const reply = await fetch(`${server.url}${path}`)
      assert.deepEqual(found(await reply.text()), [], path)
    }
  })

  test('a copy of the whole database holds none, and of keys, sessions and invitations only their hashes', async () => {
    const { rows: tables } = await database.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')`,
    )
    assert(tables.length > 12)
    let dump = ''
    for (const { name } of tables) {
      const { rows } = await database.query<{ row: string }>(`select t::text as row from ${name} t`)
      const text = rows.map(({ row }) => row).join('\n')
      assert.deepEqual(found(text), [], name)
      dump += text
    }
    assert(dump.includes(email), 'the search reads what is there')
    const sha256 = (name: string) => createHash('sha256').update(canary(name)).digest()
    for (const name of ['apiKey', 'session', 'invitation']) {
      const hash = sha256(name)
      assert(
        dump.includes(hash.toString('hex')) || dump.includes(hash.toString('base64url')),
        `the hash of ${name}`,
      )
    }
    assert.match(dump, /scrypt\$15\$8\$3\$/)
    assert.doesNotMatch(dump, /gho_/)
  })
})

/** As it is, and as Base64, hexadecimal, percent-encoding and JSON write it. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value)
  const forms = [
    value,
    // Without the last characters, which depend on what follows.
    bytes.toString('base64').replace(/=+$/, '').slice(0, -1),
    bytes.toString('base64url').slice(0, -1),
    bytes.toString('hex'),
    encodeURIComponent(value),
    decodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
  ]
  return [...new Set(forms)]
}
