import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { furnish } from '../../scripts/furnish.ts'
import { findChromium, openChromium } from '../src/testing/chromium.ts'
import { skipConsole } from '../src/testing/console.ts'
import type { Scope } from '../src/testing/defer.ts'
import { until } from '../src/testing/until.ts'
import { startServer } from './server.ts'

/** A server with some life in it, and a page on it of its administrator. */
async function openPage(scope: Scope) {
  const executable = findChromium()
  assert.ok(executable)
  const server = await startServer(scope)
  const [, token = ''] = /setup#(\S+)/.exec(server.lines().join('\n')) ?? []
  const places = await furnish(server.url, token)
  const context = await openChromium(scope, executable, { reducedMotion: 'reduce' })
  context.setDefaultTimeout(30_000)
  const signedIn = await context.request.post(`${server.url}/api/auth/sign-in/email`, {
    data: { email: 'ada@example.com', password: 'correct horse battery' },
    headers: { 'sec-fetch-site': 'same-origin' },
  })
  assert.equal(signedIn.status(), 200)
  const page = await context.newPage()
  const wrong: string[] = []
  page.on('pageerror', error => wrong.push(String(error)))
  page.on('console', message => {
    if (message.type() === 'error') wrong.push(`${message.text()} ${message.location().url}`)
  })
  const foreign: string[] = []
  page.on('request', request => {
    const { protocol, origin } = new URL(request.url())
    if (protocol !== 'blob:' && origin !== server.url) foreign.push(request.url())
  })
  return { page, places, url: server.url, wrong, foreign }
}

const opened = skipConsole ? undefined : await openPage({ after })

if (!opened)
  test('every page loads without an error, has no serious accessibility fault, and fits a phone', {
    skip: skipConsole,
  })
else {
  test('the first page takes at most 200 kB of scripts, as gzip makes them', async () => {
    const { page, url } = opened
    const scripts: Promise<Buffer>[] = []
    page.on('response', response => {
      if (response.request().resourceType() === 'script') scripts.push(response.body())
    })
    await page.goto(`${url}/`, { waitUntil: 'load' })
    await settle(page)
    const sizes = (await Promise.all(scripts)).map(body => gzipSync(body, { level: 9 }).length)
    page.removeAllListeners('response')
    const sum = sizes.reduce((all, size) => all + size, 0)
    assert.ok(sum > 100_000 && sum <= 200_000, `${sizes.length} scripts have ${sum} bytes`)
  })

  for (const [name, path] of Object.entries(opened.places))
    test(`the page ${name} loads without an error, has no serious accessibility fault, and fits a phone`, async () => {
      const { page, url, wrong, foreign } = opened
      await page.setViewportSize({ width: 1280, height: 860 })
      await page.emulateMedia({ colorScheme: 'light' })
      await page.goto(url + path, { waitUntil: 'load' })
      await settle(page)
      assert.deepEqual(await page.getByRole('alert').allTextContents(), [])
      assert.deepEqual(await faults(page), [], 'in light colours')
      await page.emulateMedia({ colorScheme: 'dark' })
      await drawn(page)
      assert.deepEqual(await faults(page, ['color-contrast']), [], 'in dark colours')
      await page.setViewportSize({ width: 360, height: 740 })
      const sideways = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      assert.ok(Number(sideways) <= 0, `scrolls sideways by ${sideways} at 360 px`)
      assert.deepEqual(wrong.splice(0), [])
      assert.deepEqual(foreign.splice(0), [], 'all comes from this server')
    })
}

/** Until the heading is there and nothing says that it loads. */
async function settle(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor()
  const loading = page.getByRole('status').filter({ hasText: /^Loading/ })
  await until(async () => (await loading.count()) === 0, 'nothing is loading')
}

/** Until what has changed is in sight: colours too are those of before for a frame. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))')
}

/** What axe finds serious or critical, with the element. */
async function faults(page: Page, rules?: readonly string[]): Promise<string[]> {
  const isThere = await page.evaluate("typeof globalThis.axe === 'object'")
  if (!isThere) await page.evaluate(axe.source)
  const options = JSON.stringify({
    resultTypes: ['violations'],
    ...(rules && { runOnly: { type: 'rule', values: rules } }),
  })
  const found = (await page.evaluate(`axe.run(document, ${options}).then(({ violations }) =>
    violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')))`)) as string[]
  return found
}
