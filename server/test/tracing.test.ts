import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { collectRun, createClient } from '@roundhouse/sdk'
import { json } from '../src/testing/access-fixture.ts'
import { testHouse } from '../src/testing/house.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'
import { otlpReceiver, type ReceivedSpan } from '../src/testing/otlp-receiver.ts'
import { until } from '../src/testing/until.ts'

const collector = await otlpReceiver({ after })
const secretive = { error: { message: 'The key of the upstream is wrong.' } }
const upstream = await llmUpstream({ after }, { status: 401, body: JSON.stringify(secretive) })
const house = await testHouse(
  { after },
  {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=our%20own',
    OTEL_SERVICE_NAME: 'roundhouse-test',
    LLM_BASE_URL: upstream.url,
  },
)
const user = await house.user()
const client = createClient({ baseUrl: house.url, token: user.key })
const traceId = '0af7651916cd43dd8448eb211c80319c'
const callerSpan = 'b7ad6b7169203331'

async function agentOf(name: string, config: Record<string, unknown> = {}): Promise<string> {
  const { id } = await client.agents.create({ name, model: 'demo/demo', ...config })
  await client.agents.publish(id)
  return id
}

async function run(
  agentId: string,
  content: string,
  headers: Record<string, string>,
): Promise<{ id: string; status: string; credits: number }> {
  const reply = await user.fetch(`/api/v1/agents/${agentId}/runs`, {
    ...json('POST', { messages: [{ role: 'user', content }] }),
    headers: { 'content-type': 'application/json', ...headers },
  })
  const { id } = (await reply.json()) as { id: string }
  await collectRun(client.runs.follow(id))
  return await client.runs.get(id)
}

/** The spans of a trace, when so many have come. */
async function spansOf(id: string, count: number): Promise<ReceivedSpan[]> {
  const found = () => collector.spans().filter(span => span.traceId === id)
  await until(() => found().length >= count, `${count} spans of ${id}`)
  return found()
}

test('a run is one tree of spans in the trace of its request, and says nothing of what was said', async () => {
  const agentId = await agentOf('Clock keeper', { tools: [{ type: 'time' }] })
  const requestId = '0199a6e0-0000-7000-8000-00000000beef'
  const done = await run(agentId, 'call time for my-own-secret', { 'x-request-id': requestId })
  assert.equal(done.status, 'done')
  const spans = await spansOf(requestId.replaceAll('-', ''), 4)
  const root = spans.find(span => span.parentSpanId === undefined)
  const [asked, answered] = spans.filter(span => span.name === 'chat demo')
  const tool = spans.find(span => span.name === 'execute_tool time')
  assert.equal(spans.length, 4)
  assert.ok(root && asked && answered && tool, spans.map(span => span.name).join())
  assert.equal(new Set(spans.map(span => span.spanId)).size, 4)
  assert.deepEqual(
    [asked.parentSpanId, answered.parentSpanId, tool.parentSpanId],
    [root.spanId, root.spanId, asked.spanId],
  )
  assert.deepEqual([root.kind, asked.kind, tool.kind], [1, 3, 1])
  assert.ok(
    spans.every(span => span.startMs >= root.startMs && span.endMs <= root.endMs && span.statusCode === 0),
  )
  assert.equal(root.name, 'invoke_agent Clock keeper')
  const { attributes } = root
  assert.equal(attributes['gen_ai.operation.name'], 'invoke_agent')
  assert.equal(attributes['gen_ai.agent.id'], agentId)
  assert.equal(attributes['gen_ai.agent.name'], 'Clock keeper')
  assert.equal(attributes['gen_ai.agent.version'], '1')
  assert.equal(attributes['gen_ai.provider.name'], 'demo')
  assert.equal(attributes['roundhouse.run.id'], done.id)
  assert.equal(attributes['roundhouse.request_id'], requestId)
  const tokens = (span: ReceivedSpan) => Number(span.attributes['gen_ai.usage.input_tokens'])
  assert.ok(tokens(asked) > 0)
  assert.equal(tokens(root), tokens(asked) + tokens(answered))
  assert.equal(asked.attributes['gen_ai.request.model'], 'demo')
  assert.deepEqual(asked.attributes['gen_ai.response.finish_reasons'], ['tool_calls'])
  assert.ok(Number(asked.attributes['gen_ai.response.time_to_first_chunk']) >= 0)
  assert.equal(tool.attributes['gen_ai.tool.name'], 'time')
  const sent = collector.texts.join('')
  assert.ok(!sent.includes('my-own-secret') && !sent.includes('The tool time answered'))
  assert.equal(collector.headers[0]?.['x-team'], 'our own')
  assert.deepEqual([...collector.services], ['roundhouse-test'])
})

test('a caller that traces finds the run below its own span, also when a worker did it, and its thread', async () => {
  const agentId = await agentOf('Heavy', { is_heavy: true })
  const threadId = '0199a6e0-0000-7000-8000-00000000cafe'
  const reply = await user.fetch(`/api/v1/agents/${agentId}/runs`, {
    ...json('POST', { messages: [{ role: 'user', content: 'Hi' }], thread_id: threadId }),
    headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-${callerSpan}-01` },
  })
  const { id } = (await reply.json()) as { id: string }
  await collectRun(client.runs.follow(id))
  const spans = await spansOf(traceId, 2)
  const root = spans.find(span => span.parentSpanId === callerSpan)
  assert.equal(root?.name, 'invoke_agent Heavy')
  assert.equal(root?.attributes['gen_ai.conversation.id'], threadId)
  assert.equal(root?.attributes['roundhouse.run.mode'], 'worker')
  assert.deepEqual(
    spans.filter(span => span !== root).map(span => span.parentSpanId),
    [root?.spanId],
  )
})

test('a run that fails has the kind of failure, and not its sentence', async () => {
  const agentId = await agentOf('Locked out', { model: 'default/small' })
  const requestId = 'locked-out-1'
  const failed = await run(agentId, 'Hello', { 'x-request-id': requestId })
  assert.equal(failed.status, 'failed')
  const isRoot = (span: ReceivedSpan) => span.name === 'invoke_agent Locked out'
  await until(() => collector.spans().some(isRoot), 'the span of the run')
  const root = collector.spans().find(isRoot)
  const call = collector.spans().find(span => span.parentSpanId === root?.spanId)
  for (const span of [root, call]) {
    assert.equal(span?.statusCode, 2)
    assert.equal(span?.attributes['error.type'], 'provider-unauthorised')
  }
  assert.ok(!collector.texts.join('').includes(secretive.error.message))
})

test('a call of a model is a span, unless the caller leaves the request out, and is counted', async () => {
  const chat = (traceparent: string) =>
    user.fetch('/v1/chat/completions', {
      ...json('POST', { model: 'demo/demo', messages: [{ role: 'user', content: 'my-other-secret' }] }),
      headers: { 'content-type': 'application/json', traceparent },
    })
  const [left, taken] = ['1'.repeat(32), '2'.repeat(32)]
  await (await chat(`00-${left}-${callerSpan}-00`)).text()
  const answered = await chat(`00-${taken}-${callerSpan}-01`)
  const { usage } = (await answered.json()) as { usage: { prompt_tokens: number; completion_tokens: number } }
  const [span] = await spansOf(taken, 1)
  assert.deepEqual([span?.name, span?.parentSpanId, span?.kind], ['chat demo', callerSpan, 3])
  assert.equal(span?.attributes['gen_ai.usage.input_tokens'], usage.prompt_tokens)
  assert.equal(span?.attributes['gen_ai.usage.output_tokens'], usage.completion_tokens)
  const embedded = await user.fetch('/v1/embeddings', {
    ...json('POST', { model: 'demo/demo-embedding', input: 'my-other-secret' }),
    headers: { 'content-type': 'application/json', traceparent: `00-${taken}-${callerSpan}-01` },
  })
  await embedded.text()
  const names = (await spansOf(taken, 2)).map(({ name }) => name)
  assert.deepEqual(names.toSorted(), ['chat demo', 'embeddings demo-embedding'])
  assert.equal(collector.spans().filter(({ traceId: id }) => id === left).length, 0)
  assert.ok(!collector.texts.join('').includes('my-other-secret'))
  const metrics = await (await house.fetch('/metrics')).text()
  const name = 'roundhouse_gateway_call_duration_seconds_count'
  assert.ok(metrics.includes(`${name}{provider="demo",operation="chat",status="done"} 2`), metrics)
  assert.ok(metrics.includes(`${name}{provider="demo",operation="embeddings",status="done"} 1`))
})

test('what has not been sent is sent before the server ends', async t => {
  const other = await otlpReceiver(t)
  const second = await testHouse(t, { OTEL_EXPORTER_OTLP_ENDPOINT: other.url })
  const body = json('POST', { model: 'demo/demo', messages: [{ role: 'user', content: 'Hi' }] })
  await (await second.fetch('/v1/chat/completions', body)).text()
  await second.close()
  assert.deepEqual(
    other.spans().map(({ name }) => name),
    ['chat demo'],
  )
})
