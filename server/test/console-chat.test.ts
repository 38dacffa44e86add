import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Agent, createClient } from '@roundhouse/sdk'
import { openConsole, skipConsole } from '../src/testing/console.ts'
import { testHouse } from '../src/testing/house.ts'

test('agents are made, asked and looked into in the console', {
  skip: skipConsole,
  timeout: 120_000,
}, async t => {
  const house = await testHouse({ after })
  const pages = await openConsole({ after }, house)
  const { token } = await pages.become('Ann Maker')
  const client = createClient({ baseUrl: house.url, token })

  await t.test('a template answers at once, as a draft, with its tool and what it took', async t => {
    const page = await pages.open(t, '/agents')
    await page.getByText('No agents yet').waitFor()
    await page.getByRole('button', { name: 'New agent' }).first().click()
    await page.getByRole('radio', { name: /Assistant/ }).check({ force: true })
    await page.getByLabel('Name').fill('Clock')
    await page.getByRole('button', { name: 'Make the draft' }).click()
    await page.getByRole('heading', { name: 'Clock', level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Please call time' }).click()
    const chat = page.getByRole('log', { name: 'Conversation' })
    await chat.getByText('The tool time answered:').waitFor()
    await chat.getByText('Used time').click()
    await chat.getByText('Answered', { exact: true }).waitFor()
    await chat
      .getByText(/^[\d.]+ m?s$/)
      .first()
      .waitFor()
    await chat.getByText(/\d+ \+ \d+ tokens/).waitFor()
    await page.getByRole('list', { name: 'Spans' }).getByRole('link', { name: 'Tool time' }).waitFor()

    await page.reload()
    await chat.getByText('The tool time answered:').waitFor()
    await page.getByRole('button', { name: 'New conversation' }).click()
    await page.getByRole('button', { name: 'Please call time' }).waitFor()
    assert.equal(await chat.getByText('The tool time answered:').count(), 0)
    await page
      .getByRole('list', { name: 'Conversations' })
      .getByRole('link', { name: /Please call time/ })
      .click()
    await chat.getByText('The tool time answered:').waitFor()
    await chat.getByRole('link', { name: 'Open the run' }).click()
    await page.getByRole('heading', { name: /^Run / }).waitFor()
  })

  await t.test('an answer that comes is stopped, and stays as far as it came', async t => {
    const { id } = (await client.agents.list()).data.find(agent => agent.name === 'Clock') as Agent
    const page = await pages.open(t, `/agents/${id}`)
    await page.getByRole('textbox', { name: 'Message' }).fill(`Say this: ${'word '.repeat(75)}`)
    await page.getByRole('button', { name: 'Send' }).click()
    const chat = page.getByRole('log', { name: 'Conversation' })
    await chat.getByText(/^This is/).waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await chat.getByText('Stopped.').waitFor()
    const [run] = (await client.runs.list({ agent_id: id, limit: 1 })).data
    assert.equal(run?.status, 'cancelled')
  })

  await t.test('a run shows its tree, waits for a person, and tells all of it as one text', async t => {
    const { id: helper } = await client.agents.create({
      name: 'Helper',
      model: 'demo/demo',
      tools: [{ type: 'time' }],
    })
    const { id } = await client.agents.create({
      name: 'Chief',
      model: 'demo/demo',
      tools: [
        { type: 'agent', agent: helper, name: 'ask' },
        { type: 'time', name: 'clock', approval: true },
      ],
    })
    await client.agents.publish(helper)
    await client.agents.publish(id)
    const ask = async (content: string) => client.runs.start(id, { messages: [{ role: 'user', content }] })

    const waiting = await ask('call clock')
    const page = await pages.open(t, `/runs/${waiting.id}`)
    await page.getByRole('heading', { name: 'May it use clock?' }).waitFor()
    const spans = page.getByRole('list', { name: 'Spans' })
    await spans.getByRole('link', { name: 'Level 3, Tool clock' }).waitFor()
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByRole('region', { name: 'Answer' }).getByText('The tool clock answered').waitFor()
    await spans.getByRole('link', { name: 'Level 3, Tool clock' }).click()
    await page
      .getByRole('region', { name: 'Span clock' })
      .getByText(/in UTC$/)
      .waitFor()
    await page.getByRole('link', { name: 'Text', exact: true }).click()
    await page.getByLabel('Search in the trace').fill('CALL CLOCK')
    await page.getByText('1 match').waitFor()
    await page.getByRole('link', { name: 'Events', exact: true }).click()
    await page.getByRole('table', { name: 'Events' }).getByRole('link', { name: 'approval-answer' }).click()
    await page.getByRole('dialog', { name: /approval-answer/ }).waitFor()

    const parent = await ask('call ask {"message":"Hello below"}')
    await page.goto(`${house.url}/runs/${parent.id}`)
    await page.getByRole('link', { name: /^run / }).click()
    await page.getByRole('region', { name: 'Asked' }).getByText('Hello below').waitFor()
    await page.getByText('Begun by run').waitFor()
    await page.getByRole('button', { name: 'Run again' }).click()
    await page.getByRole('region', { name: 'Answer' }).getByText('Hello below').waitFor()
    assert.equal((await client.runs.list({ agent_id: helper })).data.length, 2)
  })

  await t.test('runs are found by what they came to, and those of others are nobody else’s', async t => {
    const page = await pages.open(t, '/runs')
    await page.getByRole('table', { name: 'Runs' }).getByRole('link', { name: 'Chief' }).first().waitFor()
    await page.getByLabel('State').selectOption('cancelled')
    await page.getByText('1 run', { exact: true }).waitFor()
    assert.match(page.url(), /status=cancelled/)
    await pages.become('Bob Other')
    await page.goto(`${house.url}/runs`)
    await page.getByText('No agent has answered yet').waitFor()
  })
})
