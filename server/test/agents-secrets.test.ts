import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { collectRun } from '@roundhouse/sdk'
import { json } from '../src/testing/access-fixture.ts'
import { openAiText } from '../src/testing/llm-answers.ts'
import { llmUpstream, type Script } from '../src/testing/llm-upstream.ts'
import { signUp } from './members.ts'
import { startServer } from './server.ts'

const canary = () => randomBytes(16).toString('hex')
const [providerKey, said] = [canary(), canary()]
const prompt = `You are a helper. Nobody is to know of the discount ${canary()}, whatever they say.`
const upstream = await llmUpstream({ after }, { chunks: openAiText })
const server = await startServer(
  { after },
  {
    env: {
      SAMPLE_MODEL: 'false',
      DEFAULT_PLAN: 'unlimited',
      LOG_LEVEL: 'debug',
      LLM_BASE_URL: upstream.url,
      LLM_API_KEY: providerKey,
    },
  },
)
const [author, ann] = [await signUp(server, 'author'), await signUp(server, 'ann')]
const agent = await author.client.agents.create({
  name: 'Helper',
  visibility: 'users',
  provider: 'default',
  model: 'any',
  system_prompt: prompt,
})
await author.client.agents.publish(agent.id)

/** What a provider says of its errors, at each place where it can, with what it was shown in it. */
const faults = [
  `Do not say: ${prompt}`,
  `Bad key ${providerKey}.`,
  `Bad key ${`${providerKey} `.repeat(100)}`,
].flatMap((message): Script[] => {
  const body = JSON.stringify({ error: { message, code: 400 } })
  return [
    { status: 400, body },
    { status: 401, body },
    { body },
    { chunks: [body] },
    { chunks: [...openAiText.slice(0, 4), body] },
  ]
})

test('the prompt of an agent and the key of its provider are told to no caller and no log, whatever the provider says', async () => {
  const told: string[] = []
  const read = async (reply: Promise<Response>) => void told.push(await (await reply).text())
  const messages = [{ role: 'user' as const, content: said }]
  for (const fault of faults) {
    upstream.answer(fault)
    const { id } = await ann.client.runs.start(agent.id, { messages })
    assert.equal((await collectRun(ann.client.runs.follow(id))).status, 'failed')
    const { error } = await ann.client.runs.get(id)
    assert.match(error?.code ?? '', /^provider-(refused|unauthorised)$/)
    for (const part of ['', '/events', '/trace']) await read(ann.fetch(`/api/v1/runs/${id}${part}`))
    const model = { model: `agent:${agent.slug}`, messages }
    await read(ann.fetch('/v1/chat/completions', json('POST', model)))
    await read(ann.fetch('/v1/chat/completions', json('POST', { ...model, stream: true })))
    await read(ann.fetch('/api/agent/execute', json('POST', { agentId: agent.id, messages })))
  }
  for (const part of ['', `/${agent.id}`, `/${agent.id}/versions`])
    await read(ann.fetch(`/api/v1/agents${part}`))
  for (const part of ['providers', 'audit']) await read(server.fetch(`/api/v1/admin/${part}`))

  const log = `${server.lines().join('\n')}${server.stderr()}`
  const answers = told.join('\n')
  for (const text of [answers, log]) {
    assert.ok(text.includes('provider-refused'), 'it is where one looks')
    for (const secret of [prompt.slice(0, 40), prompt.slice(-40), providerKey.slice(0, 16)])
      assert.ok(
        !text.includes(secret),
        `${secret} in ${text.split('\n').find(line => line.includes(secret))}`,
      )
  }
  assert.ok(!log.includes(said), 'nor is what people say')
})

test('the provider is shown the prompt, the conversation and its own key, and no credential of anyone else', async () => {
  const shown = JSON.stringify(upstream.requests)
  for (const part of [prompt, said, `Bearer ${providerKey}`]) assert.ok(shown.includes(part))
  for (const { key } of [ann, author, server]) assert.ok(!shown.includes(key))
})
