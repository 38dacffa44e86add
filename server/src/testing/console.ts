import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { sql } from 'kysely'
import type { BrowserContext, Page } from 'playwright-core'
import { findChromium, openChromium } from './chromium.ts'
import type { Scope } from './defer.ts'
import type { TestHouse } from './house.ts'

const executable = findChromium()
const isBuilt = existsSync(new URL('../../public/index.html', import.meta.url))

/** Why tests of the console cannot run here, as `skip` of a test; false when they can. */
export const skipConsole =
  executable === undefined || !isBuilt ? 'needs the built console and a Chromium' : false

export const password = 'correct horse battery'

export type ConsoleVisitor = { email: string; token: string }

export type ConsolePages = {
  context: BrowserContext
  /** A page on which nothing may go wrong, nor be refused by its policy; of whoever is signed in. */
  open(scope: Scope, path: string, size?: { width: number; height: number }): Promise<Page>
  /** Makes an account, or signs it in, and gives its session to all pages from now on. `Admin` in the name makes an administrator. */
  become(name: string): Promise<ConsoleVisitor>
  /** Nobody is signed in from now on. */
  leave(): Promise<void>
}

/** Pages of the console of a house, in one browser for the test file. */
export async function openConsole(
  scope: Scope,
  house: Pick<TestHouse, 'url' | 'ground'>,
): Promise<ConsolePages> {
  assert.ok(executable)
  const context = await openChromium(scope, executable)
  context.setDefaultTimeout(15_000)

  async function post(path: string, data: object) {
    return context.request.post(`${house.url}${path}`, { data, headers: { 'sec-fetch-site': 'same-origin' } })
  }

  async function makeAdmin(email: string): Promise<void> {
    await sql`insert into user_roles (user_id, role) select id, 'admin' from users where email = ${email}
      on conflict do nothing`.execute(house.ground.database.system)
  }

  return {
    context,
    async become(name) {
      await context.clearCookies()
      const email = `${name.toLowerCase().replaceAll(/[^a-z]+/g, '.')}@example.com`
      let reply = await post('/api/auth/sign-up/email', { name, email, password })
      if (reply.status() !== 200) reply = await post('/api/auth/sign-in/email', { email, password })
      assert.equal(reply.status(), 200, await reply.text())
      const { token } = (await reply.json()) as { token: string }
      if (name.includes('Admin')) await makeAdmin(email)
      return { email, token }
    },
    leave: () => context.clearCookies(),
    async open(scope, path, size = { width: 1280, height: 860 }) {
      const page = await context.newPage()
      await page.setViewportSize(size)
      const wrong: string[] = []
      page.on('pageerror', error => wrong.push(String(error)))
      page.on('console', message => {
        // What the API refuses is said by the browser too.
        if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) wrong.push(message.text())
      })
      scope.after(async () => {
        await page.close()
        assert.deepEqual(wrong, [], path)
      })
      await page.goto(`${house.url}${path}`, { waitUntil: 'load' })
      return page
    },
  }
}
