import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { type AgentConfig, type AgentToolOf, agentConfig } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { type Caller, serviceCaller } from '../accounts/caller.ts'
import { draftOf, openAgentsRoom } from '../testing/agents-room.ts'
import { anonymousCaller, newCaller } from '../testing/callers.ts'
import { refusal } from '../testing/model-rooms.ts'
import { createAgentStore } from './store.ts'
import { createVersionStore } from './versions/store.ts'

const { database, system, versions, agents, unguarded, auditOf } = await openAgentsRoom({ after })
const service = serviceCaller('test')
const admin = await newCaller(database.system, 'admin')
const ann = await newCaller(database.system)
const eve = await newCaller(database.system)

for (const [wall, guarded] of [
  ['with both walls', agents],
  ['without row-level security', unguarded],
] as const) {
  test(`${wall}: an agent that is private or not published is answered as one that is not there`, async () => {
    const shared = await agents.create(ann, draftOf('Not published', { visibility: 'public' }))
    const secret = await agents.create(ann, draftOf('Private'))
    await agents.publish(ann, secret.id)
    const absentId = randomUUID()
    const asks: ((caller: Caller, id: string) => unknown)[] = [
      (caller, id) => guarded.get(caller, { id }),
      (caller, id) => guarded.update(caller, id, { name: 'Mine' }),
      (caller, id) => guarded.update(caller, id, { unpublish: true }),
      (caller, id) => guarded.remove(caller, id),
      (caller, id) => guarded.publish(caller, id),
      (caller, id) => guarded.versions(caller, id, { before: undefined, limit: 5 }),
      (caller, id) => guarded.rollback(caller, id, 1),
    ]
    for (const ask of asks)
      for (const { id } of [shared, secret]) {
        const there = await refusal(() => ask(eve, id))
        const absent = await refusal(() => ask(eve, absentId))
        assert.equal(there.code, 'agent-not-found', ask.toString())
        assert.equal(there.message.replace(id, 'X'), absent.message.replace(absentId, 'X'))
        assert.equal((await refusal(() => ask(anonymousCaller, id))).code, 'unauthenticated')
      }
    for (const { slug } of [shared, secret])
      assert.equal((await refusal(() => guarded.get(eve, { slug }))).code, 'agent-not-found')
    const seen = await guarded.list(eve, { beforeId: undefined, limit: 100 })
    assert.ok(!seen.rows.some(row => row.id === shared.id || row.id === secret.id))
    assert.ok(!(await guarded.published(eve)).some(row => row.id === secret.id))
    assert.ok((await guarded.published(ann)).some(row => row.id === secret.id))
    assert.equal((await system.find({ id: shared.id }))?.name, 'Not published')
  })

  test(`${wall}: a published agent that is shared can be seen and not changed by others`, async () => {
    const { id } = await agents.create(ann, draftOf('Shared', { visibility: 'users' }))
    const before = await agents.publish(ann, id)
    assert.equal((await guarded.get(eve, { slug: before.slug })).id, id)
    assert.ok((await guarded.list(eve, { beforeId: undefined, limit: 100 })).rows.some(row => row.id === id))
    for (const act of [
      () => guarded.update(eve, id, { config: { price: 5 } }),
      () => guarded.remove(eve, id),
      () => guarded.publish(eve, id),
      () => guarded.rollback(eve, id, 1),
      () => guarded.versions(eve, id, { before: undefined, limit: 5 }),
    ])
      assert.equal((await refusal(act)).code, 'forbidden', act.toString())
    assert.deepEqual(await system.find({ id }), before)
    assert.deepEqual(await auditOf(id), [])
  })
}

test('the database itself shows and changes nothing of another’s agent, for others and for nobody', async () => {
  const draft = draftOf('Walled')
  const { id } = await agents.create(ann, draft)
  await agents.publish(ann, id)
  const shared = await agents.create(ann, draftOf('Walled too', { visibility: 'users' }))
  await agents.publish(ann, shared.id)
  const attack = async (db: typeof database.nobody) => {
    const [store, versions] = [createAgentStore(db), createVersionStore(db)]
    assert.equal(await store.find({ id }), null)
    for (const each of [id, shared.id]) {
      assert.equal(await store.update(each, { name: 'Mine' }), null)
      assert.equal(await store.unpublish(each), null)
      assert.equal(await store.remove(each), null)
      assert.equal(await versions.newest(each), null)
    }
  }
  await database.as(eve, attack)
  await database.as(anonymousCaller, attack)
  await attack(database.nobody)
  for (const caller of [eve, anonymousCaller]) {
    const addVersion = database.as(caller, db => createVersionStore(db).add(shared.id, draft.config, null))
    await assert.rejects(addVersion, { code: '42501' })
  }
  await assert.rejects(
    database.as(ann, db => sql`update agents set owner_id = ${eve.userId} where id = ${id}`.execute(db)),
    { code: '42501' },
    'nobody gives an agent away',
  )
})

test('what administrators and the service-role key do to agents of others and of the house is one entry each', async () => {
  const { id } = await agents.create(ann, draftOf('Audited'))
  await agents.update(ann, id, { description: 'own' })
  await agents.publish(ann, id)
  await refusal(() => agents.update(eve, id, { description: 'mine' }))
  assert.deepEqual(await auditOf(id), [])
  await agents.update(admin, id, { description: 'theirs' })
  await agents.publish(service, id)
  await agents.rollback(admin, id, 1)
  await agents.remove(admin, id)
  const acts = ['agent-update', 'agent-publish', 'agent-rollback', 'agent-remove']
  assert.deepEqual(await auditOf(id), acts)
  const housed = await agents.create(service, draftOf('Of the house'))
  await agents.update(service, housed.id, { description: 'ours' })
  assert.deepEqual([housed.owner_id, await auditOf(housed.id)], [null, ['agent-update']])
})

test('an agent gets a slug of its own; one that is taken is refused', async () => {
  const [first, second, third] = [
    await agents.create(ann, draftOf('Sales Bot')),
    await agents.create(eve, draftOf('Sales bot')),
    await agents.create(eve, draftOf('sales  bot!')),
  ]
  assert.deepEqual([first.slug, second.slug, third.slug], ['sales-bot', 'sales-bot-2', 'sales-bot-3'])
  const wanted = draftOf('Other', { slug: 'sales-bot' })
  for (const act of [
    () => agents.create(eve, wanted),
    () => agents.update(eve, third.id, { slug: 'sales-bot' }),
  ]) {
    const { code, message } = await refusal(act)
    assert.deepEqual([code, /^slug: sales-bot /.test(message)], ['conflict', true])
  }
  const together = await Promise.all(Array.from({ length: 4 }, () => agents.create(ann, draftOf('At once'))))
  assert.equal(new Set(together.map(agent => agent.slug)).size, 4)
})

test('a change replaces the fields it names and leaves the others, in the draft alone', async () => {
  const { id } = await agents.create(
    ann,
    draftOf('Careful', { temperature: 0, system_prompt: 'Be careful.', limits: { max_steps: 3 } }),
  )
  const published = await agents.publish(ann, id)
  const changed = await agents.update(ann, id, {
    name: 'More careful',
    config: { temperature: null, limits: { max_credits: 5 } },
  })
  assert.deepEqual([changed.name, changed.slug, changed.published_version], ['More careful', 'careful', 1])
  assert.deepEqual(
    [changed.draft.system_prompt, changed.draft.temperature, changed.draft.limits],
    ['Be careful.', null, { max_credits: 5 }],
  )
  assert.deepEqual((await versions.find(id, 1))?.config, published.draft)
  assert.equal(published.draft.temperature, 0)
  // Two at once, of different fields: neither is lost.
  await Promise.all([
    agents.update(ann, id, { config: { price: 4 } }),
    agents.update(ann, id, { config: { is_heavy: true } }),
  ])
  const { draft } = await agents.get(ann, { id })
  assert.deepEqual([draft.price, draft.is_heavy], [4, true])
})

test('only administrators choose the backend of an agent; its owner may keep it and take it away', async () => {
  const railway_url = 'https://backend.example.com/run'
  const forbidden = async (act: () => Promise<unknown>) => {
    const { code, message } = await refusal(act)
    assert.deepEqual([code, message.startsWith('railway_url: ')], ['forbidden', true])
  }
  const configured = (config: Partial<AgentConfig>) => ({ config })
  await forbidden(() => agents.create(ann, draftOf('Remote', { railway_url })))
  const { id } = await agents.create(ann, draftOf('Remote'))
  await forbidden(() => agents.update(ann, id, configured({ railway_url })))
  await agents.update(admin, id, configured({ railway_url }))
  await agents.update(ann, id, configured({ railway_url, price: 2 }))
  await forbidden(() => agents.update(ann, id, configured({ railway_url: 'https://other.example.com' })))
  await agents.publish(ann, id)
  await agents.update(admin, id, configured({ railway_url: null }))
  await agents.publish(admin, id)
  await forbidden(() => agents.rollback(ann, id, 1))
  assert.equal((await agents.rollback(admin, id, 1)).published_version, 1)
  assert.equal(
    (await agents.create(service, draftOf('Of the house', { railway_url }))).draft.railway_url,
    railway_url,
  )
})

test('only administrators give an agent what the house declares for its own; its owner may keep it, not take it back', async () => {
  const tools = (query: string) =>
    agentConfig.parse({ model: 'demo', tools: [{ type: 'query', query }] }).tools
  const refused = (act: () => Promise<unknown>) =>
    refusal(act).then(({ code, message }) => `${code} ${message}`)
  const give = (caller: Caller, query: string) =>
    agents.update(caller, id, { config: { tools: tools(query) } })
  const mine = /^forbidden tools\[0\]: only administrators/
  assert.match(await refused(() => agents.create(ann, draftOf('Asks', { tools: tools('prices') }))), mine)
  const { id } = await agents.create(ann, draftOf('Asks'))
  assert.match(await refused(() => give(ann, 'prices')), mine)
  assert.equal(
    await refused(() => give(admin, 'price')),
    'invalid-request tools[0].query: there is no query price in roundhouse.config.ts, which has prices.',
  )
  await give(admin, 'prices')
  await give(ann, 'prices')
  await agents.publish(ann, id)
  await agents.update(admin, id, { config: { tools: [] } })
  await agents.publish(admin, id)
  assert.match(await refused(() => agents.rollback(ann, id, 1)), mine)
})

test('only administrators give an agent a tool that sends a secret; its owner keeps it as it is, or takes it away', async () => {
  const tools = (change: Partial<AgentToolOf<'http'>> = {}) =>
    agentConfig.parse({
      model: 'demo',
      tools: [
        { type: 'time' },
        {
          type: 'http',
          name: 'crm',
          url: 'https://crm.example.com/{id}',
          headers: { authorization: { secret: 'CRM' } },
          approval: true,
          ...change,
        },
      ],
    }).tools
  const mine = /^forbidden tools\[1\]: only administrators .* sends a secret/
  const refused = (act: () => Promise<unknown>) =>
    refusal(act).then(({ code, message }) => `${code} ${message}`)
  const give = (caller: Caller, change?: Partial<AgentToolOf<'http'>>) =>
    agents.update(caller, id, { config: { tools: tools(change) } })
  assert.match(await refused(() => agents.create(ann, draftOf('Sends', { tools: tools() }))), mine)
  const { id } = await agents.create(ann, draftOf('Sends'))
  assert.match(await refused(() => give(ann)), mine)
  await give(admin)
  await give(ann)
  for (const change of [
    { url: 'https://crm.example.com/all' },
    { approval: false },
    { headers: { authorization: { secret: 'OTHER' } } },
  ])
    assert.match(await refused(() => give(ann, change)), mine)
  await give(ann, { headers: { authorization: 'a text of their own' } })
  assert.match(await refused(() => give(ann)), mine)
  await give(admin)
  await agents.publish(ann, id)
  await agents.update(ann, id, { config: { tools: [] } })
  await agents.publish(ann, id)
  assert.match(await refused(() => agents.rollback(ann, id, 1)), mine)
  assert.equal((await agents.rollback(admin, id, 1)).published_version, 1)
  assert.equal((await agents.create(service, draftOf('Of all', { tools: tools() }))).draft.tools.length, 2)
})

test('what is no JSON Schema is refused as output_schema, by its name', async () => {
  const wrong = { type: 'strin' }
  const { id } = await agents.create(ann, draftOf('Form', { output_schema: { type: 'object' } }))
  for (const act of [
    () => agents.create(ann, draftOf('Form', { output_schema: wrong })),
    () => agents.update(ann, id, { config: { output_schema: wrong } }),
  ]) {
    const { code, message } = await refusal(act)
    assert.deepEqual([code, message.startsWith('output_schema: ')], ['invalid-request', true])
  }
  const { tools } = agentConfig.parse({
    model: 'demo',
    tools: [{ type: 'http', name: 'x', url: 'https://a.example.com/', parameters: wrong }],
  })
  const { message } = await refusal(() => agents.update(ann, id, { config: { tools } }))
  assert.match(message, /^tools\[0\]\.parameters: /)
  // A model writes the fields of an answer in the order of its schema.
  const properties = { zebra: { type: 'string' }, a: { type: 'string' }, bb: { type: 'string' } }
  await agents.update(ann, id, { config: { output_schema: { type: 'object', properties } } })
  const { output_schema } = (await agents.get(ann, { id })).draft
  assert.equal(JSON.stringify(output_schema), JSON.stringify({ type: 'object', properties }))
})

test('a user has 200 agents at most, also when many are made at once; the house has no limit', async () => {
  const full = await newCaller(database.system)
  const config = JSON.stringify(draftOf('Many').config)
  await sql`
    insert into agents (id, owner_id, slug, name, draft)
    select gen_random_uuid(), owner.id, 'many-' || coalesce(owner.id::text, 'house') || '-' || n, 'Many', ${config}::json
    from (values (${full.userId}::uuid, 199), (null, 200)) as owner (id, count), generate_series(1, owner.count) as n`.execute(
    database.system,
  )
  const tries = await Promise.allSettled([1, 2, 3].map(() => agents.create(full, draftOf('One more'))))
  assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal((await refusal(() => agents.create(full, draftOf('One more')))).code, 'quota-exceeded')
  await agents.create(service, draftOf('One more'))
})

test('nobody without an account makes an agent', async () => {
  const backend: Caller = { ...service, role: 'member', kind: 'backend-secret' }
  assert.equal(
    (await refusal(() => agents.create(anonymousCaller, draftOf('Stray')))).code,
    'unauthenticated',
  )
  assert.equal((await refusal(() => agents.create(backend, draftOf('Stray')))).code, 'forbidden')
})

test('a list is paged newest first, and its pages are shorter when the agents are large', async () => {
  const owner = await newCaller(database.system)
  const large = { knowledge: [{ content: 'x'.repeat(900_000) }] }
  const made: string[] = []
  for (let n = 0; n < 7; n++) made.unshift((await agents.create(owner, draftOf('Large', large))).id)
  const seen: string[] = []
  let pages = 0
  for (let beforeId: string | undefined, hasMore = true; hasMore; pages++) {
    const page = await agents.list(owner, { beforeId, limit: 100 })
    seen.push(...page.rows.filter(row => row.owner_id === owner.userId).map(({ id }) => id))
    beforeId = page.rows.at(-1)?.id
    hasMore = page.hasMore
  }
  assert.deepEqual(seen, made)
  assert.ok(pages >= 2, 'not all in one answer')
})
