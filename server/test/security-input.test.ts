import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { type AccessFixture, accessFixture } from '../src/testing/access-fixture.ts'
import { type TestHouse, testHouse } from '../src/testing/house.ts'
import { matrix } from './access-matrix.ts'
import { changes, type Operation, operationsOf, trueStatus } from './operations.ts'
import { send, sendRaw } from './wire.ts'

const ada = { email: 'ada@example.com', password: 'correct horse battery staple', name: 'Ada' }
/** Bodies that the way in would accept, were the account there. */
const entrances: Record<string, Record<string, unknown>> = {
  'POST /api/v1/setup': { ...ada, token: 'x' },
  'POST /api/auth/sign-up/email': ada,
  'POST /api/auth/sign-in/email': { email: ada.email, password: ada.password },
  'POST /api/auth/sign-in/social': { provider: 'github' },
  'POST /api/auth/change-password': { currentPassword: ada.password, newPassword: ada.password },
}

const backendSecret = 'the secret of the backend of the app'
/** Their clients send what they know; what has no place there is passed over, and a test looks at what becomes of it. */
const lenient = /\/storage\/v1\/| \/v1\/| \/api\/agent\/| \/mcp$|\/ag-ui$/

type Ask = (body: string) => Promise<{ status: number; text: string }>
type Target = { operation: Operation; valid: Record<string, unknown>; ask: Ask }

describe('bodies that ask for more than they may', () => {
  let house: TestHouse
  let fixture: AccessFixture
  let targets: Target[]
  let session: string

  before(async () => {
    house = await testHouse({ after() {} }, { RAILWAY_BACKEND_SECRET: backendSecret })
    fixture = await accessFixture(house)
    const mail = { ...ada, email: 'session@example.com' }
    const made = await house.anonymous('/api/auth/sign-up/email', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(mail),
    })
    session = ((await made.json()) as { token: string }).token
    const operations = (await operationsOf(house)).filter(operation => operation.json && changes(operation))
    targets = await Promise.all(operations.map(targetOf))
    assert(targets.length >= 15, 'there are bodies to tell of')
  })
  after(() => house?.close())

  /** Asked by whoever may: an administrator where only they may, else the owner, by session where only that will do. */
  async function targetOf(operation: Operation): Promise<Target> {
    const row = matrix[operation.name]
    assert(row, operation.name)
    const { path, init } = await row.call(fixture)
    const bearer = operation.name.includes('change-password')
      ? session
      : row.kind === 'admin'
        ? fixture.admin.key
        : fixture.owner.key
    // A visitor of an embed has a token and an origin of their own.
    const credential: Record<string, string> = operation.name.includes('/api/v1/embed/')
      ? Object.fromEntries(new Headers(init?.headers))
      : operation.name.endsWith('execute-validated')
        ? { 'x-railway-secret': backendSecret }
        : { authorization: `Bearer ${bearer}` }
    const ask: Ask = async body => {
      const headers = { ...credential, 'content-type': 'application/json' }
      const reply = await house.anonymous(path, { method: operation.method, headers, body })
      const text = await reply.text()
      return { status: trueStatus(path, reply.status, text), text }
    }
    const valid = entrances[operation.name] ?? JSON.parse(String(init?.body ?? '{}'))
    return { operation, valid, ask }
  }

  test('no route takes an owner, a role, a plan, credits or an id that its body has no place for, and it names what it refuses', async () => {
    const before = await fixture.fingerprint()
    const extras: Record<string, unknown> = {
      id: fixture.other.id,
      owner_id: fixture.other.id,
      user_id: fixture.other.id,
      role: 'admin',
      roles: ['admin'],
      is_admin: true,
      plan: 'unlimited',
      credits: 1_000_000_000,
      email_verified: true,
      constructor: { prototype: { role: 'admin' } },
    }
    const wrong: string[] = []
    for (const { operation, valid, ask } of targets) {
      if (lenient.test(operation.name)) continue
      const bodies = Object.entries(extras)
        .filter(([name]) => !Object.hasOwn(operation.json?.properties ?? {}, name))
        .map(([name, value]) => ({ name, body: JSON.stringify({ ...valid, [name]: value }) }))
      bodies.push({ name: '__proto__', body: joined(valid, '"__proto__":{"role":"admin"}') })
      bodies.push({ name: '__proto__', body: joined(valid, '"\\u005f_proto__":{"is_admin":true}') })
      for (const { name, body } of bodies) {
        const { status, text } = await ask(body)
        // The inference protocol passes over what it does not know.
        const mayPass = operation.name.endsWith('/infer') && status === 200
        if (!mayPass && (status !== 400 || !text.includes(name)))
          wrong.push(`${operation.name} with ${name}: ${status} ${text.slice(0, 200)}`)
      }
    }
    assert.deepEqual(wrong.slice(0, 20), [])
    assert.equal(await fixture.fingerprint(), before)
    assert.deepEqual(Object.keys(Object.prototype), [])
    assert.equal(Reflect.get({}, 'role') ?? Reflect.get({}, 'is_admin'), undefined)
  })

  test('what the storage protocol has no place for is passed over: a bucket is nobody\u2019s and private, whatever else is said of it', async () => {
    const extras = { owner: fixture.other.id, owner_id: fixture.other.id, internal: false, role: 'admin' }
    const made = await fixture.admin.fetch('/storage/v1/bucket', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'extras', ...extras }),
    })
    assert.equal(made.status, 200, await made.text())
    const found = await fixture.admin.fetch('/storage/v1/bucket/extras')
    const bucket = (await found.json()) as { owner: string; public: boolean }
    assert.notEqual(bucket.owner, fixture.other.id)
    assert.equal(bucket.public, false)
    const removed = await fixture.admin.fetch('/storage/v1/bucket/extras', { method: 'DELETE' })
    assert.equal(removed.status, 200)
  })

  test('what the protocols of agents have no place for is passed over: a run is its caller\u2019s and paid by them, whatever else is said of it', async () => {
    const runsOf = async ({ fetch }: { fetch: typeof house.fetch }) =>
      ((await (await fetch('/api/v1/runs')).json()) as { data: { id: string }[] }).data.length
    const extras = {
      owner_id: fixture.other.id,
      userId: fixture.other.id,
      role: 'admin',
      credits: 1e9,
      isCharged: false,
    }
    const [own, others] = [await runsOf(fixture.owner), await runsOf(fixture.other)]
    const before = await fixture.fingerprint()
    const asked = targets.filter(({ operation }) => /execute$|chat\/completions$|ag-ui$/.test(operation.name))
    assert.equal(asked.length, 3)
    for (const { operation, valid, ask } of asked) {
      const { status, text } = await ask(JSON.stringify({ ...valid, ...extras }))
      assert.equal(status, 200, `${operation.name}: ${text}`)
      assert.notEqual(await fixture.fingerprint(), before)
    }
    assert.ok((await runsOf(fixture.owner)) > own)
    assert.equal(await runsOf(fixture.other), others)
    assert.deepEqual(
      ((await (await fixture.owner.fetch('/api/v1/me')).json()) as { roles: string[] }).roles,
      ['member'],
    )
  })

  test('a form takes no more fields than its route has, and none twice', async () => {
    const before = await fixture.fingerprint()
    const fields = ['owner_id', 'role', 'is_admin', 'status', 'id', 'constructor', '__proto__']
    for (const extra of [...fields.map(name => [name, 'x']), ['price', '1']] as [string, string][]) {
      const form = new FormData()
      form.append('name', 'mine')
      form.append('price', '5')
      form.append(...extra)
      form.append('file', new Blob(['no model']), 'm.onnx')
      const reply = await fixture.owner.fetch('/api/v1/models', { method: 'POST', body: form })
      const text = await reply.text()
      assert.equal(reply.status, 400, `${extra}: ${text}`)
      assert(text.includes(extra[0]) || text.includes('a name that is not allowed'), text)
    }
    assert.equal(await fixture.fingerprint(), before)
  })

  test('a name that stands twice in a body is refused on every route that changes who may what', async () => {
    const before = await fixture.fingerprint()
    const refused: string[] = []
    for (const { operation, valid, ask } of targets) {
      if (!/^\w+ \/api\/(auth|v1\/(keys|admin|setup|models))/.test(operation.name)) continue
      if (operation.name.endsWith('/predict')) continue
      const [name, value] = Object.entries(valid)[0] ?? []
      assert(name, `${operation.name} has a body`)
      const written = `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"`
      for (const again of [JSON.stringify(name), written]) {
        const { status, text } = await ask(joined(valid, `${again}:${JSON.stringify(value)}`))
        assert.equal(status, 400, `${operation.name}: ${text}`)
        assert(text.includes(name) && text.includes('twice'), text)
      }
      refused.push(operation.name)
    }
    assert(refused.length >= 10, refused.join())
    assert.equal(await fixture.fingerprint(), before)
  })

  test('lists, objects and numbers in the place of text are refused, not read as it', async () => {
    const before = await fixture.fingerprint()
    const strange: unknown[] = [['admin'], { $ne: null }, { toString: 'x' }, 0, 1e308, true, [[]], '']
    const wrong: string[] = []
    for (const { operation, valid, ask } of targets) {
      if (/\/(predict|infer)$/.test(operation.name)) continue
      for (const [name, right] of Object.entries(valid)) {
        // Of a message of JSON-RPC it is a text or a number.
        if (name === 'id' && operation.name === 'POST /mcp') continue
        for (const value of strange) {
          if (typeof value === typeof right && Array.isArray(value) === Array.isArray(right)) continue
          const { status, text } = await ask(JSON.stringify({ ...valid, [name]: value }))
          if (status !== 400)
            wrong.push(`${operation.name} ${name}=${JSON.stringify(value)}: ${status} ${text}`)
        }
      }
      for (const body of ['null', '[]', '"x"', '7', 'true', '{', '', '\u0000', '[{}]']) {
        const { status, text } = await ask(body)
        if (status !== 400) wrong.push(`${operation.name} as ${body}: ${status} ${text}`)
      }
    }
    assert.deepEqual(wrong.slice(0, 20), [])
    assert.equal(await fixture.fingerprint(), before)
  })

  test('a body of 10,000 levels is refused in less than 100 ms, and one of 10 MB with 413', async () => {
    const lists = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
    const objects = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`
    for (const { operation, valid, ask } of targets) {
      const [name = 'x'] = [...Object.keys(valid), ...Object.keys(operation.json?.properties ?? {})]
      const members = Object.entries(valid).filter(([other]) => other !== name)
      for (const body of [
        lists,
        objects,
        joined(Object.fromEntries(members), `${JSON.stringify(name)}:${lists}`),
      ]) {
        let fastestMs = Number.POSITIVE_INFINITY
        // The quickest of some tries: the machine may be busy with other tests.
        for (let time = 0; time < 20 && fastestMs >= 100; time++) {
          const startedAt = performance.now()
          const { status, text } = await ask(body)
          fastestMs = Math.min(fastestMs, performance.now() - startedAt)
          assert.equal(status, 400, `${operation.name}: ${text.slice(0, 200)}`)
        }
        assert(fastestMs < 100, `${operation.name} took ${fastestMs} ms`)
      }
    }
    const body = JSON.stringify({ name: 'x'.repeat(10 * 1024 * 1024) })
    for (const path of ['/api/v1/keys', '/api/v1/models', '/api/auth/sign-in/email']) {
      const reply = await send(house, 'POST', path, { 'content-type': 'application/json' }, body)
      assert.deepEqual([reply.status, JSON.parse(reply.body).code], [413, 'payload-too-large'], path)
    }
    const announced = await sendRaw(
      house,
      'POST /api/auth/sign-up/email HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10485760\r\n\r\n{',
    )
    assert.match(announced, /^HTTP\/1\.1 413 /)
  })

  test('whatever stands in a body, a query or a path, it is never an error of ours', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom(
        '\u0000',
        '\ud800',
        '%00',
        "'",
        '../..',
        '1e309',
        'NaN',
        'x'.repeat(3000),
        '\u202e',
        '{{7*7}}',
      ),
    )
    const anything = fc.oneof(fc.jsonValue({ maxDepth: 2 }), text, fc.double(), fc.constant(null))
    const wrong: string[] = []
    const judge = (what: string, status: number, reply: string) => {
      if (status < 500 || status === 501) return
      if (wrong.length < 10) wrong.push(`${what}: ${status} ${reply.slice(0, 200)}`)
    }
    for (const { operation, valid, ask } of targets) {
      const names = Object.keys(operation.json?.properties ?? {})
      const changed = fc.dictionary(fc.oneof(...names.map(name => fc.constant(name)), text), anything, {
        maxKeys: 3,
      })
      const oneBody = fc.asyncProperty(changed, async change => {
        const body = JSON.stringify({ ...valid, ...change })
        const { status, text: reply } = await ask(body)
        judge(`${operation.name} ${body}`, status, reply)
      })
      await fc.assert(oneBody, { numRuns: operation.name in entrances ? 6 : 12 })
    }
    for (const { method, name, query } of await operationsOf(house)) {
      const given = fc.record({ values: fc.dictionary(fc.constantFrom('q', ...query), text), part: text })
      const onePath = fc.asyncProperty(given, async ({ values, part }) => {
        const inPath = encodeURIComponent(part.toWellFormed()).replaceAll('.', '%2E') || '-'
        const path = name.split(' ')[1]?.replaceAll(/\{\w+\}/g, () => inPath)
        const search = new URLSearchParams(values)
        const reply = await fixture.admin.fetch(`${path}?${search}`, { method, redirect: 'manual' })
        // A stream has no end to wait for.
        const isStream = reply.headers.get('content-type')?.startsWith('text/event-stream')
        const text = isStream ? await reply.body?.cancel() : await reply.text()
        judge(`${name} ${inPath} ?${search}`, reply.status, text ?? '')
      })
      await fc.assert(onePath, { numRuns: method === 'GET' ? 6 : 3 })
    }
    assert.deepEqual(wrong, [])
  })
})

/** The object as JSON, with one more member written as it is. */
function joined(valid: Record<string, unknown>, member: string): string {
  const text = JSON.stringify(valid)
  return text === '{}' ? `{${member}}` : `${text.slice(0, -1)},${member}}`
}
