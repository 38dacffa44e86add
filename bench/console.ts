import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { sample } from '../server/sample/sample.ts'
import { findChromium } from '../server/src/testing/chromium.ts'
import type { Bench } from './bench.ts'
import { type ConsoleResult, median, type PageLoad } from './results.ts'
import { type Roundhouse, startRoundhouse } from './servers/roundhouse.ts'

const password = 'correct horse battery'

/**
 * The console in a real browser, as an administrator: how long until a page can be used, what comes over the wire for it, and how
 * long the page is blocked while 10,000 rows are listed. Beside it a page of the same server without any framework.
 */
export async function measureConsole(bench: Bench): Promise<ConsoleResult | undefined> {
  const executablePath = findChromium()
  if (executablePath === undefined) {
    bench.say('console: left out, there is no Chromium')
    return undefined
  }
  bench.say('console: first page')
  const house = await startRoundhouse(join(bench.folder, 'console'))
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const url = `http://127.0.0.1:${house.port}`
    const id = await digitsOf(house)
    const cookies = await signIn(browser, url, house)
    const loads: PageLoad[] = []
    for (const [name, path] of [
      ['Overview', '/'],
      ['Models', '/models'],
      ['Playground', `/models/${id}`],
      ['Page of a model, no framework', '/m/digits'],
    ] as const)
      loads.push(await measureLoad(bench, { browser, url, cookies, name, path }))
    bench.say('console: 10,000 rows')
    const rows = bench.quick ? 1000 : 10_000
    await manyPredictions(house, id, rows)
    return {
      loads,
      rows: await measureRows({ browser, url, cookies, path: `/models/${id}/predictions`, rows }),
    }
  } finally {
    await browser.close()
    await house.stop()
  }
}

type Cookies = Awaited<ReturnType<BrowserContext['cookies']>>
type Visit = { browser: Browser; url: string; cookies: Cookies; path: string }

async function digitsOf(house: Roundhouse): Promise<string> {
  const { data } = await house.client.models.list({ name: 'digits' })
  const [model] = data
  if (!model) throw new Error('The sample model is not there.')
  await house.client.models.update(model.id, { visibility: 'public' })
  return model.id
}

async function signIn(browser: Browser, url: string, house: Roundhouse): Promise<Cookies> {
  const context = await browser.newContext()
  const reply = await context.request.post(`${url}/api/auth/sign-up/email`, {
    data: { name: 'Ada', email: 'ada@example.com', password },
    headers: { 'sec-fetch-site': 'same-origin' },
  })
  const { user } = (await reply.json()) as { user: { id: string } }
  await house.client.admin.users.setRoles(user.id, ['admin'])
  const cookies = await context.cookies()
  await context.close()
  return cookies
}

async function measureLoad(bench: Bench, visit: Visit & { name: string }): Promise<PageLoad> {
  const first: number[] = []
  const again: number[] = []
  const painted: number[] = []
  let scriptBytes = 0
  for (let round = 0; round < (bench.quick ? 2 : 9); round++) {
    const context = await visit.browser.newContext()
    await context.addCookies(visit.cookies)
    await context.addInitScript({ content: tellWhenUsable })
    const page = await context.newPage()
    const scripts = countScripts(page)
    first.push(await usableMs(page, visit.url + visit.path))
    painted.push(await firstPaintMs(page))
    scriptBytes = await scripts()
    again.push(await usableMs(page, visit.url + visit.path))
    await context.close()
  }
  return {
    page: visit.name,
    usableMs: median(first),
    againMs: median(again),
    paintMs: median(painted),
    scriptBytes,
  }
}

/** In the page: says when there is a heading and nothing is waited for any more, in milliseconds since it was asked for. */
const tellWhenUsable = `
  const watching = new MutationObserver(() => {
    const isWaiting = [...document.querySelectorAll('[role=status]')].some(one => one.textContent.startsWith('Loading'))
    if (!document.querySelector('h1') || isWaiting) return
    globalThis.usableAt = performance.now()
    watching.disconnect()
  })
  watching.observe(document, { childList: true, subtree: true, characterData: true })`

/** In the page: how long it answered to nothing, each time that was over 50 ms. */
const tellWhenBlocked = `
  globalThis.blocked = []
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) globalThis.blocked.push(entry.duration)
  }).observe({ type: 'longtask', buffered: true })`

async function usableMs(page: Page, address: string): Promise<number> {
  await page.goto(address, { waitUntil: 'load' })
  for (;;) {
    const at = await page.evaluate('globalThis.usableAt')
    if (at !== undefined) return Number(at)
    await page.waitForTimeout(20)
  }
}

function firstPaintMs(page: Page): Promise<number> {
  return page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
}

/** Bytes of scripts as gzip makes them, whatever the server sent them as. */
function countScripts(page: Page): () => Promise<number> {
  const bodies: Promise<Buffer>[] = []
  page.on('response', response => {
    if (response.request().resourceType() === 'script' && response.ok()) bodies.push(response.body())
  })
  return async () =>
    (await Promise.all(bodies)).reduce((sum, body) => sum + gzipSync(body, { level: 9 }).length, 0)
}

async function manyPredictions(house: Roundhouse, id: string, count: number): Promise<void> {
  const input = { pixels: [sample.exampleInput] }
  for (let made = 0; made < count; made += 100)
    await Promise.all(Array.from({ length: 100 }, () => house.client.models.predict(id, input)))
}

/** Scrolls until all rows are listed, then up and down through them; the longest time in which the page answers to nothing. */
async function measureRows({
  browser,
  url,
  cookies,
  path,
  rows,
}: Visit & { rows: number }): Promise<ConsoleResult['rows']> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } })
  await context.addCookies(cookies)
  await context.addInitScript({ content: tellWhenBlocked })
  const page = await context.newPage()
  await page.goto(url + path, { waitUntil: 'load' })
  await page.getByRole('table').waitFor()
  await blockedMs(page)
  const deadline = performance.now() + 180_000
  const shown = page.getByRole('status').filter({ hasText: /predictions/ })
  const listed = async () => Number.parseInt((await shown.textContent())?.replaceAll(',', '') ?? '', 10) || 0
  while ((await listed()) < rows && performance.now() < deadline) {
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
    await page.waitForTimeout(20)
  }
  const loadingBlockedMs = await blockedMs(page)
  for (let step = 0; step < 60; step++) {
    await page.mouse.wheel(0, step < 30 ? -9000 : 9000)
    await page.waitForTimeout(16)
  }
  await page.keyboard.press('j')
  const scrollingBlockedMs = await blockedMs(page)
  const inPage = await page.getByRole('row').count()
  const count = await listed()
  await context.close()
  return {
    count,
    inPage,
    loadingBlockedMs,
    scrollingBlockedMs,
  }
}

/** The longest since it was last asked. */
async function blockedMs(page: Page): Promise<number> {
  return Number(await page.evaluate('Math.max(0, ...globalThis.blocked.splice(0))'))
}
