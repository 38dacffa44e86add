import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { createClient } from '@roundhouse/sdk'
import type { Agent, CreateEmbed } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { json } from '../src/testing/access-fixture.ts'
import { testHouse } from '../src/testing/house.ts'
import { embedVisits, site } from './embed-visits.ts'

const house = await testHouse({ after }, { CORS_ORIGINS: 'https://front.example.com' })
const ann = await house.user()
const bob = await house.user()

const { agentOf, embedOf, visit, newVisitor, question, eventsOf, refusal } = embedVisits(house)

test('a page of an allowed origin asks and is answered, by preflight and without cookies; the run is the owner’s', async () => {
  const agent = await agentOf(ann)
  const embed = await embedOf(ann, agent.id, { theme: { title: 'Ask us', suggestions: ['Open today?'] } })
  assert.match(embed.key, /^rhe_[A-Za-z0-9_-]{32}$/)

  const preflight = await visit(embed.key, '/runs', {
    method: 'OPTIONS',
    headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
  })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-origin'), site)
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization.*last-event-id/)

  const config = await visit(embed.key)
  assert.equal(config.headers.get('access-control-allow-origin'), site)
  assert.equal(config.headers.get('access-control-allow-credentials'), null)
  assert.match(config.headers.get('vary') ?? '', /origin/i)
  const told = (await config.json()) as { agent: object; theme: { title: string } }
  assert.deepEqual(told.agent, { name: 'Guide', description: null })
  assert.equal(told.theme.title, 'Ask us')

  const token = await newVisitor(embed.key)
  const requestId = `widget-${randomUUID()}`
  const reply = await visit(embed.key, '/runs', {
    token,
    body: question('call time {}'),
    headers: { 'x-request-id': requestId },
  })
  assert.equal(reply.headers.get('access-control-allow-origin'), site)
  const events = await eventsOf(reply)
  assert.deepEqual(
    [...new Set(events.map(({ type }) => type))],
    ['run-start', 'tool-call', 'step-end', 'tool-result', 'text-delta', 'run-end'],
  )
  const shown = JSON.stringify(events)
  for (const secret of ['demo/demo', 'provider', 'credits', 'usage', 'thread_id', 'arguments', 'content'])
    assert.ok(!shown.includes(`"${secret}"`), `${secret} is not told`)
  const runId = events[0]?.run_id ?? ''
  const run = (await (await ann.fetch(`/api/v1/runs/${runId}`)).json()) as Record<string, unknown>
  assert.deepEqual([run.status, run.request_id, run.agent_version], ['done', requestId, 1])
  assert.equal((await bob.fetch(`/api/v1/runs/${runId}`)).status, 404)
  assert.equal(reply.headers.get('x-request-id'), requestId, 'one request id from the widget to the run')

  const from = events[2]?.seq ?? 0
  const rest = await visit(embed.key, `/runs/${runId}/events`, {
    token,
    headers: { 'last-event-id': String(from) },
  })
  assert.deepEqual(await eventsOf(rest), events.slice(3), 'goes on behind the event that was seen')
  const last = String(events.at(-1)?.seq)
  const none = await visit(embed.key, `/runs/${runId}/events`, { token, headers: { 'last-event-id': last } })
  assert.equal(none.status, 204)
})

test('what was said in a conversation is remembered, for its visitor alone', async () => {
  const agent = await agentOf(ann)
  const { key } = await embedOf(ann, agent.id)
  const [one, other] = [await newVisitor(key), await newVisitor(key)]
  const first = await eventsOf(await visit(key, '/runs', { token: one, body: question('I am Ada') }))
  await eventsOf(await visit(key, '/runs', { token: one, body: question('And now?') }))
  await eventsOf(await visit(key, '/runs', { token: other, body: question('Who am I?') }))
  const { rows } = await sql<{ memory: { content: string }[] }>`
    select memory from runs where agent_id = ${agent.id} order by created_at`.execute(
    house.ground.database.system,
  )
  assert.deepEqual(
    rows.map(({ memory }) => memory.length),
    [0, 2, 0],
  )

  const runId = first[0]?.run_id ?? ''
  for (const [path, ask] of [
    [`/runs/${runId}/events`, {}],
    [`/runs/${runId}/cancel`, { method: 'POST' }],
    [`/runs/${runId}/approvals/${randomUUID()}`, { body: { approved: true } }],
  ] as const)
    assert.deepEqual(
      await refusal(await visit(key, path, { token: other, ...ask })),
      [404, 'run-not-found'],
      path,
    )
  const second = await embedOf(ann, agent.id)
  const there = await newVisitor(second.key)
  assert.equal((await visit(second.key, `/runs/${runId}/events`, { token: there })).status, 404)
})

test('other origins are refused, whatever they look like, and told nothing that a browser would pass on', async () => {
  const agent = await agentOf(ann)
  const { key } = await embedOf(ann, agent.id, { origins: [site, 'https://*.shop.example'] })
  for (const origin of [
    'null',
    'https://example.com',
    'https://www.example.com.evil.test',
    'http://www.example.com',
    'https://front.example.com',
    new URL(house.url).origin,
    null,
  ])
    for (const method of ['GET', 'OPTIONS']) {
      const reply = await visit(key, '', {
        origin,
        method,
        headers: { 'access-control-request-method': 'GET' },
      })
      assert.equal(reply.status, 403, `${method} ${origin}`)
      assert.equal(reply.headers.get('access-control-allow-origin'), null, `${method} ${origin}`)
    }
  assert.equal((await visit(key, '', { origin: 'https://a.shop.example' })).status, 200)
  for (const unknown of [`${key.slice(0, -1)}_`, 'rhe_', 'x'.repeat(200)])
    assert.equal((await visit(unknown)).status, 404, unknown)
})

test('a visitor’s token opens this embed on this origin, and nothing else of the API', async () => {
  const agent = await agentOf(ann, { visibility: 'public' })
  const { key } = await embedOf(ann, agent.id, { origins: [site, 'https://two.example.com'] })
  const other = await embedOf(ann, agent.id)
  const token = await newVisitor(key)
  const asking = { token, body: question() }
  assert.deepEqual(await refusal(await visit(other.key, '/runs', asking)), [401, 'unauthenticated'])
  assert.deepEqual(
    await refusal(await visit(key, '/runs', { ...asking, origin: 'https://two.example.com' })),
    [401, 'unauthenticated'],
  )
  for (const bad of [undefined, `${token}x`, 'rhv_e30.e30', ann.key, key])
    assert.equal(
      (await visit(key, '/runs', { body: question(), ...(bad ? { token: bad } : {}) })).status,
      401,
    )
  for (const [method, path] of [
    ['GET', '/api/v1/me'],
    ['GET', '/api/v1/agents'],
    ['GET', '/api/v1/runs'],
    ['POST', `/api/v1/agents/${agent.id}/runs`],
    ['GET', `/api/v1/agents/${agent.id}/embeds`],
    ['GET', '/v1/models'],
    ['GET', '/storage/v1/bucket'],
  ] as const)
    for (const credential of [token, key]) {
      const headers = { authorization: `Bearer ${credential}` }
      const reply = await house.anonymous(
        path,
        method === 'GET' ? { headers } : { ...json(method, {}), headers },
      )
      assert.ok([400, 401].includes(reply.status), `${method} ${path} answered ${reply.status}`)
    }
  const renewed = await visit(key, '/visitors', { method: 'POST', token })
  const again = ((await renewed.json()) as { token: string }).token
  const visitorOf = (text: string) =>
    (JSON.parse(Buffer.from(text.slice(4).split('.')[0] ?? '', 'base64url').toString()) as { v: string }).v
  assert.equal(visitorOf(again), visitorOf(token), 'who comes back is the same visitor')
})

test('a visitor, all visitors and the credits of a day are limited, by 429 with the seconds to wait', async () => {
  const agent = await agentOf(ann, { price: 4 })
  async function asked(fields: CreateEmbed, visitors: readonly number[]): Promise<number[]> {
    const { key } = await embedOf(ann, agent.id, fields)
    const tokens = [await newVisitor(key), await newVisitor(key)]
    const seen: number[] = []
    for (const index of visitors) {
      const reply = await visit(key, '/runs', { token: tokens[index] ?? '', body: question() })
      const text = await reply.text()
      seen.push(reply.status)
      if (reply.status !== 429) continue
      assert.equal((JSON.parse(text) as { code: string }).code, 'rate-limited')
      assert.ok(Number(reply.headers.get('retry-after')) > 0)
    }
    return seen
  }
  assert.deepEqual(await asked({ runs_per_minute: 1 }, [0, 0, 1]), [200, 429, 200])
  assert.deepEqual(await asked({ runs_per_visitor: 2 }, [0, 0, 0, 1]), [200, 200, 429, 200])
  assert.deepEqual(await asked({ runs_per_day: 2 }, [0, 1, 0]), [200, 200, 429])
  const grant = json('POST', { amount: 1000, reason: 'test' })
  assert.equal((await house.fetch(`/api/v1/admin/users/${ann.id}/credits`, grant)).status, 200)
  assert.deepEqual(await asked({ credits_per_day: 5 }, [0, 1, 0]), [200, 200, 429])

  const { key } = await embedOf(ann, agent.id, { runs_per_day: 2 })
  const token = await newVisitor(key)
  const crowd = Array.from({ length: 6 }, () => visit(key, '/runs', { token, body: question() }))
  const statuses = (await Promise.all(crowd)).map(({ status }) => status)
  assert.equal(statuses.filter(status => status === 200).length, 2, 'never more, whatever comes at once')
})

test('an embed that is switched off or removed opens nothing from that moment, and ends what is followed', async () => {
  const agent = await agentOf(ann)
  const embed = await embedOf(ann, agent.id)
  const { key } = embed
  const token = await newVisitor(key)
  const long = await visit(key, '/runs', { token, body: question(`word ${'word '.repeat(70)}`) })
  const change = await ann.fetch(
    `/api/v1/agents/${agent.id}/embeds/${embed.id}`,
    json('PATCH', { enabled: false }),
  )
  assert.equal(change.status, 200)
  const text = await long.text()
  assert.ok(!text.includes('run-end'), 'the stream ended before the answer did')
  const preflight = await visit(key, '/runs', { method: 'OPTIONS' })
  const refused = await visit(key)
  assert.deepEqual(
    [preflight.status, preflight, refused].map(one =>
      typeof one === 'number' ? one : one.headers.get('access-control-allow-origin'),
    ),
    [204, site, site],
    'the page is told, so that it looks for nothing any more',
  )
  assert.deepEqual(await refusal(refused), [404, 'resource-not-found'])
  assert.equal((await visit(key, '/runs', { token, body: question() })).status, 404)
  await ann.fetch(`/api/v1/agents/${agent.id}/embeds/${embed.id}`, json('PATCH', { enabled: true }))
  assert.equal((await visit(key)).status, 200)
  await ann.fetch(`/api/v1/agents/${agent.id}/embeds/${embed.id}`, { method: 'DELETE' })
  assert.equal((await visit(key)).status, 404)
})

test('a visitor allows a tool for themselves where the embed leaves it to them, else somebody else has to', async () => {
  const agent = await agentOf(ann, { tools: [{ type: 'time', approval: true }] })
  const asked = async (fields: CreateEmbed) => {
    const { key } = await embedOf(ann, agent.id, fields)
    const token = await newVisitor(key)
    const reply = await visit(key, '/runs', { token, body: question('call time {}') })
    const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (reader && !text.includes('approval-request')) text += (await reader.read()).value ?? ''
    void reader?.cancel()
    const runId = /"run_id":"([^"]+)"/.exec(text)?.[1] ?? ''
    return { key, token, runId, approvalId: /"approval_id":"([^"]+)"/.exec(text)?.[1] }
  }
  const others = await asked({})
  assert.equal(others.approvalId, undefined)
  const own = await asked({ approvals: true })
  const path = `/runs/${own.runId}/approvals/${own.approvalId}`
  const allowed = await visit(own.key, path, { token: own.token, body: { approved: true } })
  assert.equal(allowed.status, 200, await allowed.text())
  const events = await eventsOf(await visit(own.key, `/runs/${own.runId}/events`, { token: own.token }))
  assert.deepEqual(
    [events.at(-1)?.type, events.some(({ type }) => type === 'tool-result')],
    ['run-end', true],
  )
  const stopped = await visit(others.key, `/runs/${others.runId}/cancel`, {
    token: others.token,
    method: 'POST',
  })
  assert.equal(stopped.status, 200)
})

test('visitors are answered by what is published, and by nothing when nothing is', async () => {
  const agent = await agentOf(ann)
  const { key } = await embedOf(ann, agent.id)
  const token = await newVisitor(key)
  await ann.fetch(`/api/v1/agents/${agent.id}`, json('PATCH', { is_published: false }))
  assert.deepEqual(await refusal(await visit(key, '/runs', { token, body: question() })), [
    404,
    'agent-not-found',
  ])
})

test('embeds belong to those who may change the agent, and give no more than their maker has', async () => {
  const agent = await agentOf(ann, { visibility: 'users' })
  const embed = await embedOf(ann, agent.id)
  const path = `/api/v1/agents/${agent.id}/embeds`
  for (const [method, at, body] of [
    ['POST', path, {}],
    ['GET', path, undefined],
    ['PATCH', `${path}/${embed.id}`, { enabled: false }],
    ['DELETE', `${path}/${embed.id}`, undefined],
  ] as const) {
    const reply = await bob.fetch(at, body === undefined ? { method } : json(method, body))
    assert.equal(reply.status, 403, `${method} ${at}`)
  }
  const narrow = await house.house.keys.createFor(ann.id, { name: 'narrow', scopes: ['agents'] })
  const headers = { authorization: `Bearer ${narrow.key}`, 'content-type': 'application/json' }
  const wide = { method: 'POST', headers, body: JSON.stringify({ scopes: ['files'] }) }
  assert.equal((await house.anonymous(path, wide)).status, 403)

  const { agents } = createClient({ baseUrl: house.url, token: ann.key })
  const made = await agents.embeds.create(agent.id, { origins: [site], share_page: true })
  assert.equal((await agents.embeds.update(agent.id, made.id, { name: 'Shop' })).name, 'Shop')
  assert.deepEqual(
    (await agents.embeds.list(agent.id)).map(({ name }) => name),
    ['Widget', 'Shop'],
  )
  await assert.rejects(agents.embeds.create(agent.id, { share_page: true }), { code: 'conflict' })
  await agents.embeds.remove(agent.id, made.id)
  await assert.rejects(agents.embeds.remove(agent.id, made.id), { code: 'resource-not-found' })
})

test('an embed of an agent of the house acts as a member, the administrator who made it, and reaches nothing of others', async () => {
  const admin = await house.user({ role: 'admin' })
  const secret = await agentOf(bob, { name: 'Secret' })
  const tools = [{ type: 'agent', agent: secret.slug }]
  const made = await house.fetch(
    '/api/v1/agents',
    json('POST', { name: 'House', model: 'demo/demo', tools: [{ type: 'time' }] }),
  )
  const { id } = (await made.json()) as Agent
  await house.fetch(`/api/v1/agents/${id}/publish`, { method: 'POST' })

  const nobodys = await house.fetch(`/api/v1/agents/${id}/embeds`, json('POST', { origins: [site] }))
  assert.deepEqual(await refusal(nobodys), [403, 'forbidden'], 'the service key is nobody to act as')
  const { key } = await embedOf(admin, id)
  const token = await newVisitor(key)
  const events = await eventsOf(await visit(key, '/runs', { token, body: question() }))
  assert.equal(events.at(-1)?.type, 'run-end', JSON.stringify(events))
  const { rows } = await sql<{ owner_id: string; rights: { role: string; scopes: string[] } }>`
    select owner_id, rights from runs where agent_id = ${id}`.execute(house.ground.database.system)
  assert.deepEqual(
    rows.map(({ owner_id, rights }) => [owner_id, rights.role, rights.scopes]),
    [[admin.id, 'member', ['agents', 'predict']]],
  )

  await house.fetch(`/api/v1/agents/${id}`, json('PATCH', { tools }))
  await house.fetch(`/api/v1/agents/${id}/publish`, { method: 'POST' })
  const own = { messages: [{ role: 'user', content: 'Hello' }] }
  const asAdmin = await admin.fetch(`/api/v1/agents/${id}/runs?wait=true`, json('POST', own))
  assert.ok(asAdmin.ok, 'the administrator reaches the agent of another')
  await asAdmin.text()
  const reached = await visit(key, '/runs', { token, body: question() })
  const told = await reached.text()
  assert.equal(reached.status, 404, 'and a visitor does not')
  assert.ok(!told.includes(secret.slug), `nor are they told of it: ${told}`)

  await house.fetch(`/api/v1/admin/users/${admin.id}`, json('PATCH', { banned: true }))
  assert.deepEqual(
    await refusal(await visit(key, '/runs', { token, body: question() })),
    [404, 'agent-not-found'],
    'an embed has rights as long as they have',
  )
})

test('what a run of a visitor asks of other agents counts among the credits of the day', async () => {
  const helper = await agentOf(ann, { name: 'Helper', price: 10 })
  const agent = await agentOf(ann, { tools: [{ type: 'agent', agent: helper.slug, name: 'helper' }] })
  await house.fetch(`/api/v1/admin/users/${ann.id}/credits`, json('POST', { amount: 1000, reason: 'test' }))
  const { key } = await embedOf(ann, agent.id, { credits_per_day: 5 })
  const token = await newVisitor(key)
  const asking = { token, body: question('call helper {"message":"Hello"}') }
  const events = await eventsOf(await visit(key, '/runs', asking))
  assert.equal(events.at(-1)?.type, 'run-end')
  assert.deepEqual(await refusal(await visit(key, '/runs', asking)), [429, 'rate-limited'])
})

test('the page of an agent tells who may ask it, and by which embed everyone may', async () => {
  const agent = await agentOf(ann, { name: 'Shared', visibility: 'users' })
  const look = async (get: typeof house.fetch) => {
    const reply = await get(`/api/v1/agents/by-slug/${agent.slug}`)
    const { may_run, may_manage, embed_key } = (await reply.json()) as Record<string, unknown>
    return [reply.status, may_run, may_manage, embed_key]
  }
  const nothing = [undefined, undefined, undefined]
  assert.deepEqual(await look(house.anonymous), [401, ...nothing])
  assert.deepEqual(await look(bob.fetch), [200, true, false, null])
  assert.deepEqual(await look(ann.fetch), [200, true, true, null])
  const { key } = await embedOf(ann, agent.id, { origins: [], share_page: true })
  assert.deepEqual(await look(house.anonymous), [200, false, false, key])
  const own = { origin: null, headers: { 'sec-fetch-site': 'same-origin' } }
  assert.equal((await visit(key, '', own)).status, 200, 'the embed is for the page of this server')
  assert.equal((await visit(key)).status, 403, 'and for no other')
  await ann.fetch(`/api/v1/agents/${agent.id}`, json('PATCH', { is_published: false }))
  assert.deepEqual(await look(house.anonymous), [401, ...nothing])
})
