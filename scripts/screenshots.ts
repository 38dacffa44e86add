/**
 * Pictures of the console: `npm run screenshots` makes those of the README anew, in some six minutes; with a folder, every
 * page in both themes and two widths, to be looked at: `npm run screenshots -- /tmp/pages`. A server of its own with some
 * life in it is started for that.
 */
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '@roundhouse/sdk'
import type { BrowserContext, Page } from 'playwright-core'
import { sample } from '../server/sample/sample.ts'
import { findChromium, openChromium } from '../server/src/testing/chromium.ts'
import { defer, type Scope } from '../server/src/testing/defer.ts'
import { type Server, startServer } from '../server/test/server.ts'
import { furnish } from './furnish.ts'

const folder = process.argv[2]
const executable = findChromium()
if (executable === undefined)
  throw new Error('There is no Chromium here. Install one, or name it by CHROMIUM_PATH.')

const endings: (() => Promise<void>)[] = []
const scope: Scope = { after: ending => endings.push(ending) }
try {
  const server = await startServer(scope, { env: { METRICS_SAMPLE_SECONDS: '5' } })
  const context = await openChromium(scope, executable, { deviceScaleFactor: folder === undefined ? 1.5 : 1 })
  const places = await furnish(server.url, setupToken(server.lines()))
  await enter(context, server.url)
  await use(server, folder === undefined ? 300 : 10)
  if (folder === undefined) await forReadme(context, server.url, places)
  else await ofEveryPage(context, server.url, places, resolve(folder))
} finally {
  for (const ending of endings.reverse()) await ending()
}

type Places = Awaited<ReturnType<typeof furnish>>

/** From the link that the first start prints. */
function setupToken(lines: readonly string[]): string {
  const [, token] = /setup#(\S+)/.exec(lines.join('\n')) ?? []
  if (token === undefined) throw new Error('The server printed no set-up link.')
  return token
}

async function enter(context: BrowserContext, url: string): Promise<void> {
  const reply = await context.request.post(`${url}/api/auth/sign-in/email`, {
    data: { email: 'ada@example.com', password: 'correct horse battery' },
    headers: { 'sec-fetch-site': 'same-origin' },
  })
  if (!reply.ok()) throw new Error(`Sign-in failed: ${await reply.text()}`)
}

/** Some traffic, for the charts: in waves, for some seconds. The overview has a point for each minute. */
async function use({ url, key }: Server, seconds: number): Promise<void> {
  const client = createClient({ baseUrl: url, token: key })
  const { data } = await client.models.list({ name: 'digits' })
  const id = data[0]?.id ?? ''
  for (let wave = 0; wave < seconds; wave++) {
    const calls = 20 + Math.round(15 * Math.sin(wave / 40))
    for (let call = 0; call < calls; call++) {
      const pixels = sample.exampleInput.map(pixel => (pixel + (call % 5)) % 17)
      await client.models.predict(id, { pixels: [pixels] })
    }
    await delay(1000)
  }
}

async function forReadme(context: BrowserContext, url: string, places: Places): Promise<void> {
  const target = resolve(import.meta.dirname, '../docs/images/console')
  await mkdir(target, { recursive: true })
  const page = await context.newPage()
  for (const [name, path, theme] of [
    ['overview', '/', 'light'],
    ['playground', places.Playground, 'light'],
    ['chat', places.Chat, 'dark'],
    ['run', places.Run, 'dark'],
  ] as const) {
    await show(page, url + path, theme, { width: 1280, height: 800 })
    if (name === 'playground') await page.getByRole('button', { name: 'Run', exact: true }).click()
    if (name === 'chat') await ask(page)
    await settle(page)
    await page.screenshot({ path: join(target, `${name}.png`) })
    defer(scope, () => console.log(`docs/images/console/${name}.png`))
  }
}

async function ask(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Please call time' }).click()
  const chat = page.getByRole('log', { name: 'Conversation' })
  await chat.getByText('The tool time answered:').waitFor()
  await chat.getByText('Used time').click()
}

async function ofEveryPage(
  context: BrowserContext,
  url: string,
  places: Places,
  target: string,
): Promise<void> {
  await mkdir(target, { recursive: true })
  const page = await context.newPage()
  page.on('console', message => {
    if (message.type() === 'error') console.log(page.url(), message.text())
  })
  for (const theme of ['light', 'dark'] as const)
    for (const width of [1280, 360])
      for (const [name, path] of Object.entries(places)) {
        await show(page, url + path, theme, { width, height: width === 360 ? 740 : 860 })
        await settle(page)
        const sideways = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
        if (Number(sideways) > 0) console.log(`${name} at ${width} scrolls sideways by ${sideways}`)
        await page.screenshot({ path: join(target, `${name.toLowerCase()}-${theme}-${width}.png`) })
      }
}

async function show(
  page: Page,
  address: string,
  theme: 'light' | 'dark',
  size: { width: number; height: number },
): Promise<void> {
  await page.setViewportSize(size)
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
  await page.goto(address, { waitUntil: 'load' })
}

/** Until the heading is there and nothing says that it loads. */
async function settle(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor()
  const loading = page.getByRole('status').filter({ hasText: /^Loading/ })
  await loading
    .first()
    .waitFor({ state: 'hidden', timeout: 10_000 })
    .catch(() => {})
  // Charts are drawn a moment after their data are there.
  await page.waitForTimeout(400)
}
