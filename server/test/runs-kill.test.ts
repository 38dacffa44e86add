import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { llmUpstream, type Script, type UpstreamRequest } from '../src/testing/llm-upstream.ts'
import { assertWhole, type SeenEvent, textOf } from '../src/testing/run-events.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { testDatabase } from '../src/testing/test-database.ts'
import { deployedKeys } from './deployed.ts'
import { onLinux, until } from './processes.ts'
import { readRun } from './run-readers.ts'
import { type Server, startServer } from './server.ts'

const rounds = 12
const runsPerRound = 3
const agentPrice = 7
const million = 1_000_000
/** Credits per token: not whole, so that what is rounded shows too. */
const inputPrice = 0.03
const outputPrice = 0.07
const usages = [
  { prompt_tokens: 11, completion_tokens: 3 },
  { prompt_tokens: 23, completion_tokens: 17 },
] as const
/** What the provider tells is what is paid: 0.54 credits, then 2.42 in all. */
const stepCredits = [agentPrice + 1, 2]
const runCredits = agentPrice + 3

const wordsOf = (name: string) => Array.from({ length: 30 }, (_, n) => `${name}:${n} `)
const chunk = (delta: object, finish: string | null = null) =>
  JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })
const told = (usage: object) => JSON.stringify({ choices: [], usage })

/** First a call of a tool, then a text of words that no other run has. Counts how often each run asks for each. */
function scripted(asked: Map<string, number>): (request: UpstreamRequest) => Script {
  return ({ body }) => {
    const { messages } = body as { messages: { role: string; content: string }[] }
    const name = messages.find(({ role }) => role === 'user')?.content ?? ''
    const step = messages.at(-1)?.role === 'tool' ? 2 : 1
    asked.set(`${name} ${step}`, (asked.get(`${name} ${step}`) ?? 0) + 1)
    if (step === 2) {
      const words = wordsOf(name).map(content => chunk({ content }))
      return { paceMs: 8, chunks: [...words, chunk({}, 'stop'), told(usages[1])] }
    }
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'time', arguments: '{}' } }
    const chunks = [chunk({ tool_calls: [call] }), chunk({}, 'tool_calls'), told(usages[0])]
    return { paceMs: 8, chunks }
  }
}

type Watched = { name: string; id: string; seen: SeenEvent[]; read: Promise<SeenEvent[]> }

/** How far a round has come when its server is killed, in turn. */
const moments: readonly [string, (run: Watched, asked: ReadonlyMap<string, number>) => boolean][] = [
  ['the model is asked', ({ name }, asked) => asked.has(`${name} 1`)],
  ['the model has called the tool', ({ seen }) => has(seen, 'tool-call')],
  ['the tool has answered', ({ seen }) => has(seen, 'tool-result')],
  ['the model is asked again', ({ name }, asked) => asked.has(`${name} 2`)],
  ['the answer has begun', ({ seen }) => has(seen, 'text-delta')],
  ['half of the answer is there', ({ name, seen }) => textOf(seen).includes(`${name}:15`)],
  ['all of the answer is there', ({ name, seen }) => textOf(seen).includes(`${name}:29`)],
  ['the first run has ended', ({ seen }) => has(seen, 'run-end')],
]

const has = (seen: readonly SeenEvent[], type: string) => seen.some(({ event }) => event.type === type)

// Both mostly wait: for servers that start, and for the leases of those that are gone.
describe('a server that is killed', { concurrency: true }, () => {
  for (const [title, isEmbedded] of [
    ['on its own database', true],
    ['beside another one', false],
  ] as const)
    test(`a server ${title} is killed in the midst of runs, ${rounds} times: each run ends, is read once and paid once`, {
      ...onLinux,
      timeout: 600_000,
    }, async t => {
      const asked = new Map<string, number>()
      const upstream = await llmUpstream(t, scripted(asked))
      const dataDir = await temporaryFolder(t)
      const shared = isEmbedded ? {} : { ...deployedKeys, DATABASE_URL: (await testDatabase(t)).adminUrl }
      const env = { ...shared, SAMPLE_MODEL: 'false', DEFAULT_PLAN: 'unlimited' }
      const open = () => startServer(t, isEmbedded ? { dataDir, env } : { env })
      /** The first of them is the next to die. */
      let servers: readonly Server[] = isEmbedded ? [await open()] : [await open(), await open()]
      const { token, agentId } = await prepare(first(servers), upstream.url)
      const before = await credits(first(servers), token)

      const runs: Watched[] = []
      for (let round = 0; round < rounds; round += 1) {
        const [victim, ...others] = servers
        assert.ok(victim)
        const begun = await Promise.all(
          Array.from({ length: runsPerRound }, async (_, n) => {
            const name = `run-${round}-${n}`
            const messages = [{ role: 'user', content: name }]
            const { id } = await post(victim, token, `/api/v1/agents/${agentId}/runs`, { messages })
            const seen: SeenEvent[] = []
            const urls = () => {
              t.signal.throwIfAborted()
              return servers.map(server => server.url)
            }
            const read = readRun({ urls, token, runId: id, limitMs: 500_000, seen })
            // It is looked at in the end.
            read.catch(() => {})
            return { name, id, seen, read }
          }),
        )
        runs.push(...begun)
        const moment = moments[round % moments.length]
        assert.ok(moment)
        const [what, isThere] = moment
        await until(what, () => begun.some(run => isThere(run, asked)))
        await victim.kill()
        servers = [...others, await open()]
      }

      for (const { name, read } of runs) {
        const seen = await read
        assertWhole(seen)
        assert.equal(textOf(seen), wordsOf(name).join(''))
        const end = seen.at(-1)?.event
        assert.ok(end?.type === 'run-end', JSON.stringify(end))
        assert.equal(end.output, wordsOf(name).join(''))
        assert.deepEqual(end.usage, { input_tokens: 34, output_tokens: 20, estimated: false })
        assert.equal(end.credits, runCredits)
        assertFinishedOnce(seen, name, asked)
      }
      const taken = runs.filter(({ seen }) => has(seen, 'run-attempt')).length
      assert.ok(taken >= rounds, `${taken} of ${runs.length} runs were taken over`)

      const server = first(servers)
      assert.deepEqual(await credits(server, token), {
        balance: before.balance - runs.length * runCredits,
        held: 0,
      })
      const entries = await ledgerOf(server, token)
      for (const { id } of runs) {
        const { body } = await server.call('GET', `/api/v1/runs/${id}`)
        assert.deepEqual([body.status, body.credits], ['done', runCredits])
        const paid = entries.filter(({ reference }) => reference?.startsWith(`run:${id}:`))
        assert.equal(-paid.reduce((sum, { amount }) => sum + amount, 0), runCredits)
      }
    })
})

/** Each step ends once and is not begun behind that; until then each process that has the run asks for it once. */
function assertFinishedOnce(
  seen: readonly SeenEvent[],
  name: string,
  asked: ReadonlyMap<string, number>,
): void {
  let begin = 0
  for (const [index, amount] of stepCredits.entries()) {
    const step = index + 1
    const own = seen.flatMap(({ event }) => ('step' in event && event.step === step ? [event] : []))
    const ends = own.flatMap(event => (event.type === 'step-end' ? [event] : []))
    assert.deepEqual(
      ends.map(({ credits }) => credits),
      [amount],
      `step ${step} of ${name}`,
    )
    assert.ok(own.findLastIndex(({ type }) => type === 'step-start') < own.findIndex(isStepEnd))
    const end = seen.findIndex(({ event }) => event === ends[0])
    const processes = 1 + seen.slice(begin, end).filter(({ event }) => event.type === 'run-attempt').length
    assert.ok((asked.get(`${name} ${step}`) ?? 0) <= processes, `step ${step} of ${name} is asked for anew`)
    begin = end
  }
}

const isStepEnd = ({ type }: { type: string }) => type === 'step-end'

function first(servers: readonly Server[]): Server {
  const [server] = servers
  assert.ok(server)
  return server
}

/** A user with credits, a provider with prices and an agent with a price of its own. */
async function prepare(server: Server, baseUrl: string): Promise<{ token: string; agentId: string }> {
  const account = { email: 'ada@example.com', password: 'a long password', name: 'Ada' }
  const { token, user } = await post(server, null, '/api/auth/sign-up/email', account)
  await server.call('POST', `/api/v1/admin/users/${user.id}/credits`, { amount: 10_000, reason: 'test' })
  const model = { name: 'any', input_price: inputPrice * million, output_price: outputPrice * million }
  const { status, body } = await server.call('PUT', '/api/v1/admin/providers/paid', {
    base_url: baseUrl,
    models: [model],
  })
  assert.ok(status < 300, JSON.stringify(body))
  const { id: agentId } = await post(server, token, '/api/v1/agents', {
    name: 'Clock',
    provider: 'paid',
    model: 'any',
    max_tokens: 100,
    tools: [{ type: 'time' }],
    price: agentPrice,
  })
  await post(server, token, `/api/v1/agents/${agentId}/publish`, {})
  return { token, agentId }
}

type Made = { id: string; token: string; user: { id: string } }

/** Once, however often it takes on a machine that is busy with other things. */
async function post(server: Server, token: string | null, path: string, body: unknown): Promise<Made> {
  const headers = {
    'content-type': 'application/json',
    ...(token === null ? {} : { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() }),
  }
  for (;;) {
    const reply = await server.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
    const text = await reply.text()
    if (reply.ok) return JSON.parse(text) as Made
    assert.equal(reply.status, 503, text)
    await delay(500)
  }
}

async function read<Body>(server: Server, token: string, path: string): Promise<Body> {
  const reply = await server.fetch(path, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(reply.status, 200)
  return (await reply.json()) as Body
}

async function credits(server: Server, token: string): Promise<{ balance: number; held: number }> {
  const { balance, held } = await read<{ balance: number; held: number }>(server, token, '/api/v1/credits')
  return { balance, held }
}

type Entry = { amount: number; reference: string | null }

async function ledgerOf(server: Server, token: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path = `/api/v1/credits/entries?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`
    const page: { data: Entry[]; next_cursor: string | null } = await read(server, token, path)
    entries.push(...page.data)
    cursor = page.next_cursor
  }
  return entries
}
