import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpAgent } from '@ag-ui/client'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createClient } from '@roundhouse/sdk'
import { findChromium, openChromium } from '../src/testing/chromium.ts'
import { testHouse } from '../src/testing/house.ts'
import { httpServer } from '../src/testing/http-server.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'
import { obey, order } from '../src/testing/obedient-model.ts'
import { until } from '../src/testing/until.ts'

test('one agent answers an MCP client, an AG-UI client, another agent, and the widget on the page of another site', async t => {
  const upstream = await llmUpstream(t, obey)
  const house = await testHouse(t, { LLM_BASE_URL: upstream.url, LLM_API_KEY: 'test' })
  const user = await house.user()
  const client = createClient({ baseUrl: house.url, token: user.key })
  const agent = await client.agents.create({ name: 'Keeper', model: 'demo/demo' })
  await client.agents.publish(agent.id)
  const question = 'Who are you, wherever you are asked?'
  const headers = { authorization: `Bearer ${user.key}` }

  async function askedByMcp(): Promise<string> {
    const asking = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } })
    await asking.connect(
      new StreamableHTTPClientTransport(new URL(`${house.url}/mcp`), { requestInit: { headers } }),
    )
    const { content } = await asking.callTool({ name: 'agent_keeper', arguments: { message: question } })
    await asking.close()
    return content.map(part => (part.type === 'text' ? part.text : '')).join()
  }

  async function askedByAgUi(): Promise<string> {
    const url = `${house.url}/api/v1/agents/${agent.id}/ag-ui`
    const initialMessages = [{ id: 'question', role: 'user' as const, content: question }]
    const { newMessages } = await new HttpAgent({ url, headers, initialMessages }).runAgent()
    return newMessages.map(({ content }) => content).join()
  }

  async function askedByAgent(): Promise<string> {
    const asking = await client.agents.create({
      name: 'Asking',
      model: 'default/model',
      tools: [{ type: 'agent', agent: agent.slug }],
    })
    const content = order('keeper', JSON.stringify({ message: question }))
    const { id } = await client.runs.start(asking.id, {
      version: 'draft',
      messages: [{ role: 'user', content }],
    })
    for await (const { event } of client.runs.follow(id))
      if (event.type === 'tool-result') return event.content
    return assert.fail('no answer')
  }

  async function askedOnAnotherSite(): Promise<string> {
    let tag = ''
    const { url } = await httpServer(t, (_request, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(`<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1>${tag}</html>`)
    })
    const site = url.replace('127.0.0.1', 'localhost')
    const { key } = await client.agents.embeds.create(agent.id, { origins: [site] })
    tag = `<script src="${house.url}/widget.js" data-key="${key}" async></script>`
    const page = await (await openChromium(t, findChromium() ?? '')).newPage()
    await page.goto(site)
    await page.getByRole('button', { name: 'Open chat' }).click()
    const message = page.getByRole('textbox', { name: 'Message' })
    await message.fill(question)
    await message.press('Enter')
    await page.getByRole('button', { name: 'Send' }).waitFor()
    await until(async () => (await doneRuns()).length === 4, 'the run of the visitor ends')
    const [newest] = await doneRuns()
    const answer = newest?.output ?? ''
    await page
      .getByRole('log', { name: 'Conversation' })
      .getByText(answer.split('\n')[0] ?? '')
      .first()
      .waitFor()
    return answer
  }

  async function doneRuns() {
    const { data } = await client.runs.list({ agent_id: agent.id, status: 'done' })
    return data
  }

  const answer = await askedByMcp()
  assert.ok(answer.includes(question), answer)
  assert.equal(await askedByAgUi(), answer)
  assert.equal(await askedByAgent(), answer)
  assert.equal(await askedOnAnotherSite(), answer)
  assert.deepEqual(new Set((await doneRuns()).map(run => run.agent_version)), new Set([1]))
})
