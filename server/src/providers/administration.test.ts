import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, beforeEach, test } from 'node:test'
import { putProvider } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import { createInProcessBus } from '../adapters/bus/in-process.ts'
import { openDatabase } from '../adapters/postgres/database.ts'
import { systemClock } from '../kit/clock.ts'
import { createIds } from '../kit/ids.ts'
import { silentLog } from '../kit/log.ts'
import { createSealer } from '../kit/seal.ts'
import type { DatabaseCaller } from '../ports/database.ts'
import { collect, textOf } from '../ports/llm.contract.ts'
import { createSecrets } from '../settings/secrets.ts'
import type { SecretTables } from '../settings/store.ts'
import { defer, type Scope } from '../testing/defer.ts'
import { openAiText, saidText } from '../testing/llm-answers.ts'
import { llmUpstream } from '../testing/llm-upstream.ts'
import { modelOf, openTestLlm, providerOf } from '../testing/provider-fixture.ts'
import { testDatabase } from '../testing/test-database.ts'
import { until } from '../testing/until.ts'
import { createProviders, type ProviderRoom } from './providers.ts'
import type { ProviderTables } from './store.ts'

const file = { after }
const { adminUrl, appUrl } = await testDatabase(file)
const [database, owner] = [appUrl, adminUrl].map(url => {
  const opened = openDatabase<ProviderTables & SecretTables>({
    url,
    applicationName: 'rh-providers',
    max: 4,
    systemMax: 4,
    log: silentLog,
  })
  defer(file, opened.close)
  return opened
})
assert.ok(database && owner)
const bus = createInProcessBus()
const keys = createSecrets({
  database,
  sealer: createSealer(`k1:${randomBytes(32).toString('base64')}`),
  ids: createIds(),
})
const admin: DatabaseCaller = { role: 'admin', userId: randomUUID(), credential: 'session' }
const { signal } = new AbortController()
const key = 'sk-planted-9876543210'

/** A replica. */
async function replica(scope: Scope): Promise<ProviderRoom> {
  assert.ok(database)
  const room = createProviders({
    database,
    keys,
    bus,
    fixed: [
      providerOf('openai', 'http://127.0.0.1:1/v1'),
      providerOf('demo', null, { source: 'built-in', models: [modelOf('demo')] }),
    ],
    openLlm: openTestLlm,
    clock: systemClock,
    log: silentLog,
  })
  await room.open()
  defer(scope, room.close)
  return room
}

const draft = (fields: object) => putProvider.parse({ base_url: 'http://10.0.0.7/v1', ...fields })

async function rows<Row>(query: ReturnType<typeof sql<Row>>): Promise<Row[]> {
  assert.ok(owner)
  return (await query.execute(owner.system)).rows
}

beforeEach(async () => {
  await rows(sql`truncate providers, secrets, audit_entries`)
})

test('a provider that an administrator adds answers at once, on every replica, with its key', async t => {
  const upstream = await llmUpstream(t, { chunks: openAiText })
  const [here, there] = [await replica(t), await replica(t)]
  const models = [{ name: 'small', input_price: 5, context_tokens: 8000 }]
  const made = await here.administration.put(admin, 'acme', draft({ base_url: upstream.url, key, models }))
  assert.equal(made.has_key, true)
  assert.equal(made.max_concurrent, 64)
  const request = { messages: [{ role: 'user', content: 'hello' }] }
  const ask = async (room: ProviderRoom) =>
    textOf(await collect(room.stream([room.find('acme/small')], request, signal)))
  assert.equal(await ask(here), saidText)
  await until(() => there.models().some(({ provider }) => provider === 'acme'), 'the other hears of it')
  assert.equal(await ask(there), saidText)
  assert.equal(there.find('acme/small').model.inputPrice, 5)
  assert.deepEqual(
    upstream.requests.map(({ headers }) => headers.authorization),
    [`Bearer ${key}`, `Bearer ${key}`],
  )

  await here.administration.remove(admin, 'acme')
  assert.throws(() => here.find('acme/small'), { code: 'model-not-found' })
  await until(() => there.models().length === 1, 'the other hears of that too')
  assert.equal(await keys.reveal('provider.acme'), null)
})

test('a change finds calls under way undisturbed', async t => {
  const upstream = await llmUpstream(t, { chunks: openAiText, paceMs: 20 })
  const { administration, find, stream } = await replica(t)
  const provider = draft({ base_url: upstream.url, key })
  await administration.put(admin, 'acme', provider)
  const reading = collect(
    stream([find('acme/x')], { messages: [{ role: 'user', content: 'hello' }] }, signal),
  )
  await until(() => upstream.sentBytes() > 0, 'it answers')
  await administration.put(admin, 'acme', { ...provider, enabled: false })
  assert.throws(() => find('acme/x'), { code: 'model-not-found' })
  assert.equal(textOf(await reading), saidText)
})

test('the list has those of the environment first and the demo last, marked, and no key', async t => {
  const { administration } = await replica(t)
  await administration.put(admin, 'zeta', draft({ key }))
  await administration.put(admin, 'acme', draft({ key: null, enabled: false }))
  const list = administration.list()
  assert.deepEqual(
    list.map(({ name, source, demo, has_key, enabled }) => [name, source, demo, has_key, enabled]),
    [
      ['openai', 'environment', false, true, true],
      ['acme', 'database', false, false, false],
      ['zeta', 'database', false, true, true],
      ['demo', 'built-in', true, false, true],
    ],
  )
  assert.ok(!JSON.stringify(list).includes(key))
})

test('the key stays when it is not named, goes when it is null, and never goes to another host', async t => {
  const { administration } = await replica(t)
  const put = (fields: object) => administration.put(admin, 'acme', draft(fields))
  const kept = () => keys.reveal('provider.acme')
  await put({ key })
  await put({ base_url: 'http://10.0.0.7/v2', enabled: false })
  assert.equal(await kept(), key)
  for (const base_url of ['http://10.0.0.8/v1', 'https://10.0.0.7/v1', 'http://10.0.0.7:81/v1']) {
    await assert.rejects(put({ base_url }), { code: 'invalid-request', message: /another host/ })
    assert.equal(administration.list()[1]?.base_url, 'http://10.0.0.7/v2')
  }
  await put({ base_url: 'http://10.0.0.8/v1', key: 'sk-other' })
  assert.equal(await kept(), 'sk-other')
  await put({ base_url: 'http://10.0.0.8/v1', key: null })
  assert.equal(await kept(), null)
})

test('each change leaves one audit entry, without the key', async t => {
  const { administration } = await replica(t)
  await administration.put(admin, 'acme', draft({ key, models: [{ name: 'small' }] }))
  await administration.remove(admin, 'acme')
  await assert.rejects(administration.remove(admin, 'acme'), { code: 'resource-not-found' })
  const entries = await rows(
    sql<{ action: string }>`select action, actor_id, target, details from audit_entries order by seq`,
  )
  const details = {
    kind: 'openai',
    base_url: 'http://10.0.0.7/v1',
    models: ['small'],
    enabled: true,
    key: 'new',
  }
  assert.deepEqual(entries, [
    { action: 'provider-put', actor_id: admin.userId, target: 'acme', details },
    { action: 'provider-remove', actor_id: admin.userId, target: 'acme', details: {} },
  ])
})

test('a vendor that is spoken to in its own protocol needs no address, and its key goes to no other', async t => {
  const { administration } = await replica(t)
  const made = await administration.put(admin, 'claude', putProvider.parse({ kind: 'anthropic', key }))
  assert.deepEqual([made.kind, made.base_url, made.has_key], ['anthropic', null, true])
  const moved = [{ kind: 'google' }, { kind: 'anthropic', base_url: 'https://proxy.example/v1' }]
  for (const change of moved)
    await assert.rejects(administration.put(admin, 'claude', putProvider.parse(change)), {
      code: 'invalid-request',
      message: /another host/,
    })
  const kept = putProvider.parse({ kind: 'anthropic', max_concurrent: 3 })
  assert.equal((await administration.put(admin, 'claude', kept)).has_key, true)
  assert.ok(!putProvider.safeParse({ kind: 'openai' }).success)
})

test('those of the environment and the demo are not changed here', async t => {
  const { administration } = await replica(t)
  for (const name of ['openai', 'demo']) {
    await assert.rejects(administration.put(admin, name, draft({ key })), { code: 'conflict' })
    await assert.rejects(administration.remove(admin, name), { code: 'conflict' })
  }
})

test('who is no administrator changes nothing, and their key is not kept', async t => {
  const { administration } = await replica(t)
  await administration.put(admin, 'acme', draft({ key }))
  for (const role of ['anonymous', 'member'] as const) {
    const stranger: DatabaseCaller = { role, userId: randomUUID(), credential: 'session' }
    await assert.rejects(administration.put(stranger, 'acme', draft({ key: 'sk-mine' })), { code: '42501' })
    await assert.rejects(administration.put(stranger, 'new', draft({ key: 'sk-mine' })), { code: '42501' })
    await assert.rejects(administration.remove(stranger, 'acme'), { code: 'resource-not-found' })
  }
  assert.equal(await keys.reveal('provider.acme'), key)
  assert.deepEqual(await rows(sql`select name from providers`), [{ name: 'acme' }])
  assert.deepEqual(await rows(sql`select name from secrets`), [{ name: 'provider.acme' }])
})

test('a test says what failed, in a sentence without the key', async t => {
  const upstream = await llmUpstream(t, { chunks: openAiText })
  const { administration } = await replica(t)
  await administration.put(admin, 'acme', draft({ base_url: upstream.url, key }))
  const test = (model?: string) => administration.test('acme', model, signal)
  await assert.rejects(test(), { code: 'invalid-request', message: /say which one/ })
  assert.deepEqual(await test('small').then(({ ok, model }) => [ok, model]), [true, 'small'])
  upstream.answer({ status: 401, body: `{"error":{"message":"bad key ${key}"}}` })
  const refused = await test('small')
  assert.equal(refused.ok, false)
  assert.match(refused.detail, /does not accept our key \(401\)\.$/)
  await assert.rejects(administration.test('nobody', undefined, signal), { code: 'resource-not-found' })
  assert.equal((await administration.test('demo', undefined, signal)).ok, true)
})

test('an address has no credentials and no query, and is one of http', () => {
  const isFine = (base_url: string) => putProvider.safeParse({ base_url }).success
  for (const url of ['http://localhost:11434/v1', 'https://api.example.com', 'http://[::1]:8000/v1/'])
    assert.ok(isFine(url), url)
  for (const url of [
    '',
    'ftp://a/',
    'https://u:p@a/',
    'https://u@a/',
    'https://a/?key=1',
    'https://a/#x',
    'https://a/?',
    'http://',
    'file:///etc',
  ])
    assert.ok(!isFine(url), url)
})
