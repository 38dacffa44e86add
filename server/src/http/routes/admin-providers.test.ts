import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { provider, providerList, providerTest } from '@roundhouse/sdk/contract'
import { json } from '../../testing/access-fixture.ts'
import { testHouse } from '../../testing/house.ts'
import { printedLog } from '../../testing/kept-log.ts'
import { openAiText } from '../../testing/llm-answers.ts'
import { llmUpstream } from '../../testing/llm-upstream.ts'

const { log, lines } = printedLog()
const key = 'sk-planted-abcdef'
const environmentKey = 'sk-planted-outside'
const file = { after }
const upstream = await llmUpstream(file, { chunks: openAiText })
const house = await testHouse(file, { LLM_BASE_URL: upstream.url, LLM_API_KEY: environmentKey }, { log })

const at = (name: string, rest = '') => `/api/v1/admin/providers/${name}${rest}`
const put = (name: string, body: unknown) => house.fetch(at(name), json('PUT', body))
const detailOf = async (reply: Response) => ((await reply.json()) as { detail: string }).detail

test('a provider is put, listed, tested and removed, and its key is nowhere to be read', async () => {
  const body = { base_url: upstream.url, key, models: [{ name: 'small', output_price: 7 }] }
  const seen: string[] = []
  const read = async (reply: Response) => {
    seen.push(await reply.clone().text())
    return reply.json()
  }
  const reply = await put('acme', body)
  assert.equal(reply.status, 200)
  const made = provider.parse(await read(reply))
  assert.deepEqual([made.has_key, made.source, made.models[0]?.output_price], [true, 'database', 7])

  const { data } = providerList.parse(await read(await house.fetch('/api/v1/admin/providers')))
  assert.deepEqual(
    data.map(({ name, demo }) => [name, demo]),
    [
      ['default', false],
      ['acme', false],
      ['demo', true],
    ],
  )

  const asked = providerTest.parse(await read(await house.fetch(at('acme', '/test'), json('POST', {}))))
  assert.deepEqual([asked.ok, asked.model], [true, 'small'])
  upstream.answer({ status: 401, body: JSON.stringify({ error: { message: `bad key ${key}` } }) })
  const refused = providerTest.parse(await read(await house.fetch(at('acme', '/test'), json('POST', {}))))
  assert.equal(refused.ok, false)
  assert.match(refused.detail, /401/)
  assert.deepEqual(
    upstream.requests.map(({ headers }) => headers.authorization),
    [`Bearer ${key}`, `Bearer ${key}`],
  )

  await read(await house.fetch('/api/v1/admin/audit'))
  assert.equal((await house.fetch(at('acme'), { method: 'DELETE' })).status, 204)
  assert.equal((await house.fetch(at('acme'), { method: 'DELETE' })).status, 404)
  const text = [...seen, ...lines].join('\n')
  assert.match(text, /provider-put/)
  for (const secret of [key, environmentKey]) assert.ok(!text.includes(secret))
})

test('bad input is refused field by field', async () => {
  const url = upstream.url
  const cases: [unknown, RegExp][] = [
    [{}, /base_url/],
    [{ base_url: 'https://user:password@llm/v1' }, /base_url.*credentials/],
    [{ base_url: url, key: 'two words' }, /key/],
    [{ base_url: url, key: `a\r\nx-header: b` }, /key/],
    [{ base_url: url, models: [{ name: 'a' }, { name: 'a' }] }, /models/],
    [{ base_url: url, models: [{ name: 'a', input_price: -1 }] }, /models/],
    [{ base_url: url, fallbacks: ['no-slash'] }, /fallbacks/],
    [{ base_url: url, max_concurrent: 0 }, /max_concurrent/],
    [{ base_url: url, idle_timeout_ms: 1 }, /idle_timeout_ms/],
    [{ base_url: url, unknown: 1 }, /unknown/i],
  ]
  for (const [body, sentence] of cases) {
    const reply = await put('bad', body)
    assert.equal(reply.status, 400, JSON.stringify(body))
    assert.match(await detailOf(reply), sentence)
  }
  assert.equal((await put('No-Name', { base_url: url })).status, 400)
  assert.equal((await put('demo', { base_url: url })).status, 409)
  assert.equal((await put('default', { base_url: url })).status, 409)
  assert.equal((await house.fetch(at('nobody', '/test'), json('POST', {}))).status, 404)
  assert.equal((await house.fetch(at('default', '/test'), json('POST', {}))).status, 400)
})

test('the start warns of a provider whose models are all free, and says how to set prices', () => {
  const warnings = lines.filter(line => line.startsWith('provider-free '))
  assert.equal(warnings.length, 1, 'one for `default`, none for the demo')
  assert.match(warnings[0] ?? '', /"provider":"default".*PUT \/api\/v1\/admin\/providers.*prices/)
})
