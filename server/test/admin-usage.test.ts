import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { collectRun, createClient, type Usage, type UsageBy } from '@roundhouse/sdk'
import { sql } from 'kysely'
import { json } from '../src/testing/access-fixture.ts'
import { type TestUser, testHouse } from '../src/testing/house.ts'
import { openAiText } from '../src/testing/llm-answers.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'

/** What `openAiText` says it took: 12 tokens of the question, 6 of the answer. */
const upstream = await llmUpstream({ after }, { chunks: openAiText })
const house = await testHouse({ after })
const million = 1_000_000
const provider = {
  base_url: upstream.url,
  // Credits per token: 2 of the question, 10 of the answer; micro-dollars: 1 and 3.
  models: [
    {
      name: 'chat',
      input_price: 2 * million,
      output_price: 10 * million,
      input_cost: million,
      output_cost: 3 * million,
    },
  ],
}
assert.ok((await house.fetch('/api/v1/admin/providers/paid', json('PUT', provider))).ok)
const credits = 12 * 2 + 6 * 10
const cost = 12 * 1 + 6 * 3

const [ada, bob] = [await rich(), await rich()]
const bobsCredits = await balanceOf(bob)
const admin = createClient({ baseUrl: house.url, token: (await house.user({ role: 'admin' })).key }).admin
const adaClient = createClient({ baseUrl: house.url, token: ada.key })
const begin = new Date(Date.now() - 3_600_000).toISOString()

async function rich(): Promise<TestUser> {
  const user = await house.user()
  const grant = json('POST', { amount: 10_000, reason: 'test' })
  assert.equal((await house.fetch(`/api/v1/admin/users/${user.id}/credits`, grant)).status, 200)
  return user
}

async function agentOf(name: string, config: Record<string, unknown>): Promise<string> {
  const { id } = await adaClient.agents.create({ name, visibility: 'users', model: 'paid/chat', ...config })
  await adaClient.agents.publish(id)
  return id
}

async function ask({ key }: TestUser, agentId: string, content = 'Hello'): Promise<void> {
  const { runs } = createClient({ baseUrl: house.url, token: key })
  const { id } = await runs.start(agentId, { messages: [{ role: 'user', content }] })
  await collectRun(runs.follow(id))
}

async function chat(user: TestUser, model: string): Promise<void> {
  const body = { model, messages: [{ role: 'user', content: 'Hi' }], max_tokens: 50, stream: true }
  await (await user.fetch('/v1/chat/completions', json('POST', body))).text()
}

const priced = await agentOf('Priced', { price: 5 })
const free = await agentOf('Free', { model: 'demo/demo', tools: [{ type: 'time' }] })
await ask(ada, priced)
await ask(ada, free, 'call time')
await ask(bob, priced)
await chat(bob, 'paid/chat')
// Retries would take seconds: what is refused is not tried again.
upstream.answer({ status: 401, body: '{}' })
await ask(bob, priced)
await chat(ada, 'paid/chat')
await house.house.answering.doors.gateway.flush(5000)

async function by(kind: UsageBy): Promise<Map<string | null, Usage['data'][number]>> {
  const { data, is_cut } = await admin.usage({ by: kind, from: begin })
  assert.equal(is_cut, false)
  return new Map(data.map(row => [row.key, row]))
}

test('by user: what each ran, called, used and paid', async () => {
  const users = await by('user')
  assert.equal(users.size, 2)
  const of = (user: TestUser) => {
    const row = users.get(user.id)
    return row && [row.runs, row.calls, row.credits, row.cost_micros, row.errors]
  }
  // The demo was called twice, by the run that used a tool; the last call of each was refused.
  assert.deepEqual(of(ada), [2, 4, credits + 5, cost, 1])
  assert.deepEqual(of(bob), [2, 3, 2 * credits + 5, 2 * cost, 1])
  assert.equal(bobsCredits - (await balanceOf(bob)), users.get(bob.id)?.credits)
  assert.equal(users.get(ada.id)?.name, 'member')
})

test('by agent: calls that no agent made are a row without a key', async () => {
  const agents = await by('agent')
  assert.equal(agents.size, 3)
  assert.deepEqual(agents.get(priced), {
    key: priced,
    name: 'Priced',
    runs: 3,
    calls: 3,
    input_tokens: 24,
    output_tokens: 12,
    credits: 2 * (credits + 5),
    cost_micros: 2 * cost,
    errors: 1,
    first_token_ms_p50: agents.get(priced)?.first_token_ms_p50,
  })
  assert.ok(Number(agents.get(priced)?.first_token_ms_p50) > 0)
  assert.deepEqual([agents.get(free)?.runs, agents.get(free)?.calls], [1, 2])
  assert.deepEqual([agents.get(null)?.runs, agents.get(null)?.calls, agents.get(null)?.errors], [0, 2, 1])
})

test('by model and by day: the same work, counted otherwise', async () => {
  const models = await by('model')
  assert.deepEqual([...models.keys()], ['paid/chat', 'demo/demo'])
  const paid = models.get('paid/chat')
  assert.deepEqual([paid?.runs, paid?.calls, paid?.errors, paid?.input_tokens], [3, 5, 2, 36])
  assert.deepEqual([models.get('demo/demo')?.runs, models.get('demo/demo')?.calls], [1, 2])
  const sums = await Promise.all(
    (['agent', 'model', 'user', 'day'] as const).map(async kind => {
      const rows = [...(await by(kind)).values()]
      const sum = (name: 'calls' | 'output_tokens' | 'credits' | 'cost_micros') =>
        rows.reduce((total, row) => total + row[name], 0)
      return [sum('calls'), sum('output_tokens'), sum('credits'), sum('cost_micros')]
    }),
  )
  for (const sum of sums) assert.deepEqual(sum, sums[0])
  const days = [...(await by('day')).values()]
  assert.equal(
    days.reduce((total, { runs }) => total + runs, 0),
    4,
  )
  for (const { key } of days) assert.match(key ?? '', /^\d{4}-\d\d-\d\d$/)
})

test('only the time asked for counts, and that is 92 days at most', async () => {
  await sql`update runs set created_at = created_at - interval '40 days' where agent_id = ${free}`.execute(
    house.ground.database.system,
  )
  const day = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)
  const keys = async (from?: string, to?: string) => {
    const { data } = await admin.usage({ by: 'agent', ...(from && { from }), ...(to && { to }) })
    return data.map(({ key }) => key)
  }
  assert.deepEqual((await keys()).toSorted(), [priced, null].toSorted())
  assert.deepEqual(await keys(day(45), day(35)), [free])
  assert.equal((await keys(day(50))).length, 3)
  assert.deepEqual(await keys(day(20), day(10)), [])
  for (const [from, to, reason] of [
    [day(200), day(100), /92 days/],
    [day(10), day(20), /before to/],
    ['yesterday', day(1), /from/],
  ] as const)
    await assert.rejects(admin.usage({ from, to }), { code: 'invalid-request', message: reason })
})

async function balanceOf(user: TestUser): Promise<number> {
  return ((await (await user.fetch('/api/v1/credits')).json()) as { balance: number }).balance
}
