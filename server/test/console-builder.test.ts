import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { type AgentTool, createClient } from '@roundhouse/sdk'
import { openConsole, skipConsole } from '../src/testing/console.ts'
import { testHouse } from '../src/testing/house.ts'

const skip = skipConsole
const house = await testHouse({ after })
const pages = skip ? undefined : await openConsole({ after }, house)

/** Someone new who is signed in, with an agent of theirs of which a version is published. */
async function owner(name: string) {
  assert.ok(pages)
  const { token } = await pages.become(name)
  const client = createClient({ baseUrl: house.url, token })
  const tools: AgentTool[] = [{ type: 'time' }]
  const draft = {
    name: `Helper of ${name}`,
    model: 'demo/demo',
    system_prompt: 'You help.\nBe brief.',
    tools,
  }
  const { id } = await client.agents.create(draft)
  const agent = await client.agents.publish(id)
  return { client, agent, open: (t: TestContext, path: string) => pages.open(t, path) }
}

test('an agent is built part by part, refused at the very field, and what is not saved is not lost by leaving', {
  skip,
}, async t => {
  const { client, agent, open } = await owner('Ann')
  const page = await open(t, `/agents/${agent.id}/build?part=prompt`)
  await page.getByLabel('System prompt').fill('You help.\nBe friendly.')
  const parts = page.getByRole('navigation', { name: 'Parts of the draft' })
  await parts.getByRole('link', { name: 'Tools' }).click()
  await page.getByRole('button', { name: 'Add tool' }).click()
  await page.getByRole('button', { name: 'HTTP request' }).click()
  const drawer = page.getByRole('dialog')
  await drawer.getByLabel('Name', { exact: true }).fill('find_books')
  await drawer.getByLabel('Address').fill('books.example.com')
  await drawer.getByRole('button', { name: 'Add the tool' }).click()
  await page.getByRole('button', { name: 'Save draft' }).click()
  const tools = page.getByRole('list', { name: 'Tools' })
  await tools.getByText(/^url: An address like/).waitFor()
  assert.equal((await client.agents.get(agent.id)).updated_at, agent.updated_at)

  await tools.getByRole('button', { name: 'Change find_books' }).click()
  await drawer.getByText(/^An address like/).waitFor()
  await drawer.getByLabel('Address').fill('https://books.example.com/{title}')
  await drawer.getByLabel('Ask a person each time').check()
  await drawer.getByRole('button', { name: 'Take the tool over' }).click()
  await page.getByRole('link', { name: 'Models' }).first().click()
  await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor()
  await page.getByRole('button', { name: 'Save and leave' }).click()
  await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor()
  const saved = await client.agents.get(agent.id)
  assert.ok('tools' in saved)
  assert.equal(saved.system_prompt, 'You help.\nBe friendly.')
  const url = 'https://books.example.com/{title}'
  const method = 'GET'
  assert.deepEqual(saved.tools, [
    { type: 'time' },
    { type: 'http', name: 'find_books', approval: true, method, url },
  ])

  await page.goto(`${house.url}/agents/${agent.id}/build?part=changes`)
  await page.getByRole('region', { name: 'Prompt' }).getByText('added: Be friendly.').waitFor()
  await page.getByRole('button', { name: 'More for this agent' }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  const confirm = page.getByRole('dialog').getByRole('button', { name: 'Delete agent' })
  assert.equal(await confirm.getAttribute('aria-disabled'), 'true')
  await page.getByLabel(`Type ${agent.name} to confirm`).fill(agent.name)
  await confirm.click()
  await page.getByRole('heading', { name: 'Agents', level: 1 }).waitFor()
  await assert.rejects(client.agents.get(agent.id), { code: 'agent-not-found' })
})

test('a draft is published by what it changes, an older version answers again, and a site gets a key that can be switched off', {
  skip,
}, async t => {
  const { client, agent, open } = await owner('Bob')
  await client.agents.update(agent.id, { temperature: 0.5 })
  const page = await open(t, `/agents/${agent.id}/publish`)
  await page.getByRole('region', { name: 'Temperature' }).getByText('added: 0.5').waitFor()
  await page.getByRole('button', { name: 'Publish the draft' }).click()
  await page.getByText('The draft is as the version that answers now.').waitFor()
  await page.getByRole('button', { name: 'Compare… version 1 and roll back' }).click()
  await page.getByRole('button', { name: 'Let version 1 answer' }).click()
  await page.getByText('live, version 1').waitFor()
  assert.equal((await client.agents.get(agent.id)).published_version, 1)

  const api = page.getByRole('region', { name: 'API', exact: true })
  await api.getByRole('tab', { name: 'Python' }).click()
  await api.getByText(`model="agent:${agent.slug}"`).waitFor()
  const mcp = page.getByRole('region', { name: 'configuration of an MCP client' })
  assert.equal(JSON.parse((await mcp.textContent()) ?? '').mcpServers.roundhouse.url, `${house.url}/mcp`)
  const widget = page.getByRole('region', { name: 'Widget', exact: true })
  await widget.getByRole('button', { name: 'New widget key' }).click()
  const drawer = page.getByRole('dialog')
  await drawer.getByLabel('Origins').fill('https://www.example.com/shop')
  await drawer.getByRole('button', { name: 'Make the key' }).click()
  await drawer
    .getByText(/An origin as browsers write it/)
    .first()
    .waitFor()
  await drawer.getByLabel('Origins').fill('https://www.example.com')
  await drawer.getByRole('button', { name: 'Make the key' }).click()
  await widget.getByRole('button', { name: 'Switch off Widget' }).click()
  await widget.getByText('switched off').waitFor()
  const [embed] = await client.agents.embeds.list(agent.id)
  assert.deepEqual([embed?.origins, embed?.enabled], [['https://www.example.com'], false])
  await widget.getByText(`data-key="${embed?.key}"`).waitFor()
})

test('a document that is dropped is found once it is indexed, and an agent is given its collection', {
  skip,
}, async t => {
  const { client, agent, open } = await owner('Eve')
  const page = await open(t, '/collections')
  await page.getByRole('button', { name: 'New collection' }).first().click()
  await page.getByLabel('Name', { exact: true }).fill('Handbook')
  await page.getByRole('button', { name: 'Make the collection' }).click()
  await page.getByRole('heading', { name: 'Handbook', level: 1 }).waitFor()
  const text = '# Contracts\n\nThe notice period is four weeks.\n'
  const file = { name: 'notice.md', mimeType: 'text/markdown', buffer: Buffer.from(text) }
  await page.getByLabel('Choose documents').setInputFiles(file)
  await page.getByRole('table', { name: 'Documents' }).getByText('ready', { exact: true }).waitFor()
  await page.getByLabel('Question').fill('notice period')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  const found = page.getByRole('list', { name: 'Passages' })
  await found.getByText('The notice period is four weeks.').waitFor()
  await found.getByText(/^score [\d.]+$/).waitFor()
  assert.equal(new URL(page.url()).searchParams.get('q'), 'notice period')

  await page.goto(`${house.url}/agents/${agent.id}/knowledge`)
  await page.getByRole('button', { name: 'Attach a collection' }).click()
  await page.getByRole('button', { name: 'Attach', exact: true }).click()
  const attached = page.getByRole('region', { name: 'Handbook' })
  await attached.getByLabel('Choose documents').setInputFiles({ ...file, name: 'again.md' })
  await attached.getByRole('list', { name: 'Newest documents of Handbook' }).getByText('again.md').waitFor()
  const [collection] = (await client.knowledge.list()).data
  const { tools } = Object(await client.agents.get(agent.id))
  assert.deepEqual(tools, [{ type: 'time' }, { type: 'knowledge', collection: collection?.id }])
})

test('who may only call an agent is told so, and not shown how it is made', { skip }, async t => {
  const { client, agent } = await owner('Una')
  await client.agents.update(agent.id, { visibility: 'users' })
  const { open } = await owner('Max')
  const page = await open(t, `/agents/${agent.id}/build`)
  await page.getByText(/only its owner and administrators may change it/).waitFor()
  assert.equal(await page.getByText('You help.').count(), 0)
})
