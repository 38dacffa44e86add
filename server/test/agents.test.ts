import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createClient } from '@roundhouse/sdk'
import type { Agent, AgentList, AgentTemplate, AgentVersionList, AgentView } from '@roundhouse/sdk/contract'
import { json } from '../src/testing/access-fixture.ts'
import { type TestUser, testHouse } from '../src/testing/house.ts'

const house = await testHouse({ after })
const ann = await house.user()
const bob = await house.user()
const admin = await house.user({ role: 'admin' })
const path = '/api/v1/agents'
const hidden = ['system_prompt', 'model', 'tools', 'knowledge', 'railway_url', 'owner_id']

async function ask<Body = Agent>(user: TestUser, method: string, at: string, body?: unknown) {
  const reply = await user.fetch(`${path}${at}`, body === undefined ? { method } : json(method, body))
  const text = await reply.text()
  return { status: reply.status, body: (text === '' ? null : JSON.parse(text)) as Body }
}

async function refused(user: TestUser, method: string, at: string, body?: unknown) {
  const { status, body: problem } = await ask<{ code: string; detail: string }>(user, method, at, body)
  return { status, code: problem.code, detail: problem.detail }
}

const draft = {
  name: 'Price advisor',
  system_prompt: 'You know prices.',
  model: 'demo/demo',
  temperature: 0,
  max_tokens: 200,
  tools: [{ type: 'time' }],
  knowledge: [{ content: 'Apples cost 2.' }],
  price: 3,
}

test('an agent is created, read, changed, published, rolled back, taken back and removed', async () => {
  const created = await ask(ann, 'POST', '', draft)
  assert.equal(created.status, 201)
  const { id } = created.body
  assert.deepEqual(
    { ...created.body, ...draft, slug: 'price-advisor', is_published: false, owner_id: ann.id },
    created.body,
    'the fields stand beside one another',
  )
  assert.deepEqual((await ask(ann, 'GET', `/${id}`)).body, created.body)
  assert.equal((await ask(ann, 'POST', `/${id}/publish`)).body.published_version, 1)
  const changed = await ask(ann, 'PATCH', `/${id}`, { system_prompt: 'You know better.', price: 5 })
  assert.deepEqual(
    [changed.status, changed.body.system_prompt, changed.body.temperature],
    [200, 'You know better.', 0],
  )
  const again = await ask(ann, 'POST', `/${id}/publish`)
  assert.deepEqual([again.status, again.body.published_version, again.body.is_published], [200, 2, true])
  const back = await ask(ann, 'POST', `/${id}/rollback`, { version: 1 })
  assert.deepEqual([back.status, back.body.published_version], [200, 1])
  const { body: versions } = await ask<AgentVersionList>(ann, 'GET', `/${id}/versions`)
  assert.deepEqual(
    versions.data.map(({ version, is_published, created_by, config }) => [
      version,
      is_published,
      created_by,
      config.system_prompt,
      config.price,
    ]),
    [
      [2, false, ann.id, 'You know better.', 5],
      [1, true, ann.id, 'You know prices.', 3],
    ],
  )
  assert.equal((await ask(ann, 'PATCH', `/${id}`, { is_published: false })).body.is_published, false)
  assert.equal((await ask(ann, 'DELETE', `/${id}`)).status, 204)
  assert.equal((await refused(ann, 'GET', `/${id}`)).code, 'agent-not-found')
})

test('others see the card of a shared agent, with the price of what is published, and never its insides', async () => {
  const { id } = (await ask(ann, 'POST', '', { ...draft, visibility: 'public' })).body
  assert.equal((await refused(bob, 'GET', `/${id}`)).status, 404, 'not published yet')
  await ask(ann, 'POST', `/${id}/publish`)
  await ask(ann, 'PATCH', `/${id}`, { price: 9, system_prompt: 'Secret plans.' })
  const shown = await ask<AgentView>(bob, 'GET', `/${id}`)
  const listed = (await ask<AgentList>(bob, 'GET', '')).body.data.find(one => one.id === id)
  const open = (await (await house.anonymous(`${path}/${id}`)).json()) as AgentView
  for (const card of [shown.body, listed, open]) {
    assert.ok(card)
    assert.equal(card.price, 3)
    for (const field of hidden) assert.ok(!(field in card), field)
    assert.ok(!JSON.stringify(card).includes('Secret'))
  }
  for (const user of [ann, admin]) assert.equal((await ask(user, 'GET', `/${id}`)).body.price, 9)
  for (const [method, at, body] of [
    ['PATCH', `/${id}`, { price: 0 }],
    ['POST', `/${id}/publish`, undefined],
    ['POST', `/${id}/rollback`, { version: 1 }],
    ['GET', `/${id}/versions`, undefined],
    ['DELETE', `/${id}`, undefined],
  ] as const)
    assert.equal((await refused(bob, method, at, body)).code, 'forbidden', `${method} ${at}`)
})

test('wrong input is refused with the name of the field', async () => {
  const { id } = (await ask(ann, 'POST', '', { name: 'Checked', model: 'demo/demo' })).body
  const wrong: [string, unknown][] = [
    ['name', { model: 'demo/demo' }],
    ['name', { name: '', model: 'demo/demo' }],
    ['name', { name: 'a\0b', model: 'demo/demo' }],
    ['model', { name: 'x' }],
    ['slug', { name: 'x', model: 'm', slug: 'Not a slug' }],
    ['temperature', { name: 'x', model: 'm', temperature: 2.5 }],
    ['max_tokens', { name: 'x', model: 'm', max_tokens: 0 }],
    ['tools.0.type', { name: 'x', model: 'm', tools: [{ type: 'shell' }] }],
    ['knowledge.0.content', { name: 'x', model: 'm', knowledge: [{ content: 5 }] }],
    ['visibility', { name: 'x', model: 'm', visibility: 'world' }],
    ['price', { name: 'x', model: 'm', price: -1 }],
    ['limits.max_steps', { name: 'x', model: 'm', limits: { max_steps: 0 } }],
    ['output_schema', { name: 'x', model: 'm', output_schema: { type: 'strin' } }],
    ['output_schema', { name: 'x', model: 'm', output_schema: 'text' }],
  ]
  for (const [field, body] of wrong) {
    const { status, detail } = await refused(ann, 'POST', '', body)
    assert.deepEqual([status, detail.startsWith(`${field}: `)], [400, true], `${field}: ${detail}`)
  }
  const patches: [string, unknown][] = [
    ['is_published', { is_published: true }],
    ['model', { model: '' }],
    ['price', { price: 1.5 }],
  ]
  for (const [field, body] of patches) {
    const { status, detail } = await refused(ann, 'PATCH', `/${id}`, body)
    assert.deepEqual([status, detail.startsWith(`${field}: `)], [400, true], `${field}: ${detail}`)
  }
  for (const body of [{}, { unknown: 1 }])
    assert.equal((await refused(ann, 'PATCH', `/${id}`, body)).status, 400)
  assert.match(
    (await refused(ann, 'POST', '', { name: 'x', model: 'm', sytem_prompt: '' })).detail,
    /sytem_prompt/,
  )
  assert.match((await refused(ann, 'POST', `/${id}/rollback`, { version: 0 })).detail, /^version: /)
  assert.equal((await refused(ann, 'GET', '/not-a-uuid')).status, 400)
  assert.match((await refused(ann, 'GET', '?cursor=nonsense')).detail, /^cursor: /)
})

test('a schema that is too large to compile for each run is refused before that is tried, and told how large it may be', async () => {
  const { id } = (await ask(ann, 'POST', '', { name: 'Formed', model: 'demo/demo' })).body
  let nested = {}
  for (let level = 0; level < 40; level += 1) nested = { not: nested }
  for (const [output_schema, why] of [
    [{ allOf: Array.from({ length: 1000 }, () => ({ type: 'string' })) }, /1000 values/],
    [{ dependentRequired: { a: Array.from({ length: 3000 }, (_, n) => `${n}`) } }, /1000 values/],
    [{ description: 'x'.repeat(70_000) }, /65536 characters/],
    [nested, /32 levels/],
  ] as const)
    for (const [method, at, body] of [
      ['POST', '', { name: 'x', model: 'm', output_schema }],
      ['PATCH', `/${id}`, { output_schema }],
    ] as const) {
      const { status, detail } = await refused(ann, method, at, body)
      assert.deepEqual([status, detail.startsWith('output_schema: ')], [400, true], detail)
      assert.match(detail, why)
    }
  const fields = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`f${n}`, { type: 'string' }]))
  assert.equal((await ask(ann, 'PATCH', `/${id}`, { output_schema: { properties: fields } })).status, 200)
})

test('an agent that may spend less than a run of it costs is refused, whichever of the two is changed', async () => {
  const make = (price: number, max_credits: number) => ({
    name: 'x',
    model: 'demo/demo',
    price,
    limits: { max_credits },
  })
  const made = await refused(ann, 'POST', '', make(5, 4))
  assert.deepEqual([made.status, made.detail.startsWith('limits.max_credits: ')], [400, true], made.detail)
  const { id } = (await ask(ann, 'POST', '', make(5, 5))).body
  for (const change of [{ price: 6 }, { limits: { max_credits: 4 } }]) {
    const { status, detail } = await refused(ann, 'PATCH', `/${id}`, change)
    assert.deepEqual([status, detail.startsWith('limits.max_credits: ')], [400, true], detail)
  }
  assert.equal((await ask(ann, 'PATCH', `/${id}`, { price: 4, limits: { max_credits: 4 } })).status, 200)
  assert.equal((await ask(ann, 'PATCH', `/${id}`, { limits: {}, price: 9 })).status, 200)
})

test('a text of the knowledge may come with a title or anything else; what counts is its content', async () => {
  const knowledge = [{ content: 'Apples cost 2.', title: 'Prices', id: 7 }]
  const { status, body } = await ask(ann, 'POST', '', { name: 'Titled', model: 'demo/demo', knowledge })
  assert.deepEqual([status, body.knowledge], [201, [{ content: 'Apples cost 2.' }]])
})

test('what the database cannot hold is refused when it is written, so that what is kept can be published', async () => {
  const { id } = (await ask(ann, 'POST', '', { name: 'Stored', model: 'demo/demo' })).body
  for (const text of ['a\0b', 'a\ud800b']) {
    const fields: [string, unknown][] = [
      ['name', { name: text }],
      ['description', { description: text }],
      ['system_prompt', { system_prompt: text }],
      ['provider', { provider: text }],
      ['model', { model: text }],
      ['tools.0.model', { tools: [{ type: 'model', model: text }] }],
      ['tools.0.description', { tools: [{ type: 'model', model: 'm', description: text }] }],
      ['knowledge.0.content', { knowledge: [{ content: text }] }],
      ['fallbacks.0', { fallbacks: [`demo/${text}`] }],
      ['output_schema', { output_schema: { type: 'object', properties: { a: { description: text } } } }],
      ['output_schema', { output_schema: { type: 'object', properties: { [text]: {} } } }],
    ]
    for (const [field, change] of fields) {
      const { status, detail } = await refused(ann, 'PATCH', `/${id}`, change)
      assert.deepEqual([status, detail.startsWith(`${field}: `)], [400, true], `${field}: ${detail}`)
    }
  }
  const whole = { system_prompt: 'Backslash \\u0000 and \ud83d\ude00.', price: 4 }
  await ask(ann, 'PATCH', `/${id}`, whole)
  const published = await ask(ann, 'POST', `/${id}/publish`)
  assert.deepEqual(
    [published.status, published.body.system_prompt, published.body.price],
    [200, whole.system_prompt, 4],
  )
})

test('a version beyond what there can be is refused as any other that makes no sense', async () => {
  const { id } = (await ask(ann, 'POST', '', { name: 'Counted', model: 'demo/demo' })).body
  assert.match(
    (await refused(ann, 'POST', `/${id}/rollback`, { version: 3_000_000_000 })).detail,
    /^version: /,
  )
  assert.equal((await refused(ann, 'POST', `/${id}/rollback`, { version: 2_147_483_647 })).status, 404)
  const cursor = Buffer.from('3000000000').toString('base64url')
  assert.equal((await refused(ann, 'GET', `/${id}/versions?cursor=${cursor}`)).status, 400)
})

test('only administrators choose a backend, and only by https, on this machine or in a private network', async () => {
  const body = (railway_url: string) => ({ name: 'Remote', model: 'demo/demo', railway_url })
  const { status, code } = await refused(ann, 'POST', '', body('https://backend.example.com'))
  assert.deepEqual([status, code], [403, 'forbidden'])
  for (const url of [
    'http://backend.example.com',
    'http://localhost.example.com',
    'http://10.example.com',
    'http://8.8.8.8',
    'http://[2001:db8::1]',
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    'nonsense',
  ]) {
    const { status, detail } = await refused(admin, 'POST', '', body(url))
    assert.deepEqual([status, detail.startsWith('railway_url: ')], [400, true], url)
  }
  for (const url of [
    'https://backend.example.com/run',
    'http://localhost:4000',
    'http://127.0.0.1:1',
    'http://[::1]:1',
    'http://agent.railway.internal:8080/execute',
    'http://agent:8080',
    'http://10.1.2.3',
    'http://172.31.0.1',
    'http://192.168.0.7',
    'http://[fd12::3]:8080',
  ])
    assert.equal((await ask(admin, 'POST', '', body(url))).status, 201, url)
})

test('a call that is repeated with its Idempotency-Key makes one agent and one version', async () => {
  const keyed = (at: string, body: unknown, key: string) => {
    const init = body === undefined ? { method: 'POST' } : json('POST', body)
    const headers = { ...init.headers, 'idempotency-key': key }
    return ann.fetch(`${path}${at}`, { ...init, headers }).then(async reply => (await reply.json()) as Agent)
  }
  const body = { name: 'Once', model: 'demo/demo' }
  const [first, second] = [await keyed('', body, 'create'), await keyed('', body, 'create')]
  assert.deepEqual(first, second)
  for (let n = 0; n < 2; n++)
    assert.equal((await keyed(`/${first.id}/publish`, undefined, 'publish')).published_version, 1)
})

test('every template can be created as it is, and published', async () => {
  const { body } = await ask<{ data: AgentTemplate[] }>(ann, 'GET', '/templates')
  assert.ok(body.data.length >= 4)
  for (const { agent } of body.data) {
    const { status, body: made } = await ask(ann, 'POST', '', agent)
    assert.equal(status, 201, agent.name)
    assert.equal((await ask(ann, 'POST', `/${made.id}/publish`)).status, 200)
  }
})

test('the SDK goes the same way, page after page', async () => {
  const carl = await house.user()
  const { agents } = createClient({ baseUrl: house.url, token: carl.key })
  const made: string[] = []
  for (const name of ['One', 'Two', 'Three'])
    made.unshift((await agents.create({ name: `Carl ${name}`, model: 'demo/demo' })).id)
  const seen: string[] = []
  for await (const agent of agents.iterate({ limit: 2 })) if (made.includes(agent.id)) seen.push(agent.id)
  assert.deepEqual(seen, made)
  const id = made[0] ?? ''
  assert.equal((await agents.update(id, { description: 'New.' })).description, 'New.')
  await agents.publish(id)
  assert.equal((await agents.publish(id)).published_version, 2)
  assert.equal((await agents.rollback(id, 1)).published_version, 1)
  assert.deepEqual(
    (await agents.versions(id)).data.map(({ version, is_published }) => [version, is_published]),
    [
      [2, false],
      [1, true],
    ],
  )
  assert.ok((await agents.templates()).length > 0)
  await agents.remove(id)
  await assert.rejects(agents.get(id), { code: 'agent-not-found' })
})
