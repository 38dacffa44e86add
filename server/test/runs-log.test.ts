import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CreateAgent, collectRun, createClient } from '@roundhouse/sdk'
import type { Log, LogFields } from '../src/kit/log.ts'
import { testHouse } from '../src/testing/house.ts'
import { httpServer } from '../src/testing/http-server.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'

const chunk = (delta: object, finish: string | null = null) =>
  JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })

test('the log says of each run which backend answers it, and why there', async t => {
  const lines: (LogFields & { event: string })[] = []
  const note = (event: string, fields: LogFields = {}) => lines.push({ event, ...fields })
  const log: Log = { debug: () => {}, info: note, warn: note, error: note }
  const upstream = await llmUpstream(
    t,
    { status: 400, body: '{}' },
    { chunks: [chunk({ content: 'One ' })], end: 'cut' },
    { chunks: [chunk({ content: 'One.' }), chunk({}, 'stop')] },
  )
  const env = { LLM_BASE_URL: upstream.url, RAILWAY_BACKEND_SECRET: 's'.repeat(32) }
  const house = await testHouse(t, env, { log })
  const own = await httpServer(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"response":"From afar."}')
  })
  const { key } = await house.user({ role: 'admin' })
  const client = createClient({ baseUrl: house.url, token: key })

  /** What was logged of a run of this agent, from its beginning to its end. */
  async function logged(name: string, more: Partial<CreateAgent>): Promise<unknown[]> {
    const agent = await client.agents.create({ name, model: 'demo/demo', ...more })
    await client.agents.publish(agent.id)
    const { id } = await client.runs.start(agent.id, { messages: [{ role: 'user', content: 'Hello' }] })
    assert.equal((await collectRun(client.runs.follow(id))).status, 'done')
    return lines.flatMap(({ event, run_id, mode, backend, reason }) =>
      run_id === id && /^run-(start|restart|end)$/.test(event) ? [[event, mode, backend, reason]] : [],
    )
  }

  assert.deepEqual(await logged('Light', {}), [
    ['run-start', 'inline', 'demo/demo', 'light'],
    ['run-end', 'inline', 'demo/demo', 'light'],
  ])
  assert.deepEqual(await logged('Heavy', { is_heavy: true }), [
    ['run-start', 'worker', 'demo/demo', 'is_heavy'],
    ['run-end', 'worker', 'demo/demo', 'is_heavy'],
  ])
  const { host } = new URL(own.url)
  assert.deepEqual(await logged('Afar', { railway_url: `${own.url}/execute` }), [
    ['run-start', 'remote', host, 'railway_url'],
    ['run-end', 'remote', host, 'railway_url'],
  ])
  assert.deepEqual(await logged('Spare', { model: 'default/gpt', fallbacks: ['demo/demo'] }), [
    ['run-start', 'inline', 'default/gpt', 'light'],
    ['run-restart', undefined, 'demo/demo', 'fallback'],
    ['run-end', 'inline', 'demo/demo', 'light'],
  ])
  assert.deepEqual(await logged('Broken', { model: 'default/gpt' }), [
    ['run-start', 'inline', 'default/gpt', 'light'],
    ['run-restart', undefined, 'default/gpt', 'broken-off'],
    ['run-end', 'inline', 'default/gpt', 'light'],
  ])
})
