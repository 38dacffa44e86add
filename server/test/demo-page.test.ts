import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { after, type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { sample } from '../sample/sample.ts'
import { json } from '../src/testing/access-fixture.ts'
import { findChromium, openChromium } from '../src/testing/chromium.ts'
import { testHouse } from '../src/testing/house.ts'
import { identityModel } from '../src/testing/onnx/models.ts'

const house = await testHouse({ after })
const executable = findChromium()
const context = executable === undefined ? undefined : await openChromium({ after }, executable)
const isBuilt = existsSync(new URL('../public/model.html', import.meta.url))
const skip = context === undefined || !isBuilt ? 'needs the built console and a Chromium' : false
const file = await readFile(sample.path)
const about = { description: 'Reads a handwritten digit.', version: '1' }
await house.pushed('digits', file, { ...about, visibility: 'public' })
await house.pushed('secret-digits', file, { ...about, visibility: 'users' })
await house.pushed('pairs', identityModel('FP32', ['N', 2]), { visibility: 'public' })
const csv = sample.exampleInput.join(',')

/** A page on which nothing may go wrong, nor be refused by its policy. */
async function open(t: TestContext, path: string, width = 1280): Promise<Page> {
  assert.ok(context)
  await context.clearCookies()
  const page = await context.newPage()
  await page.setViewportSize({ width, height: 900 })
  const wrong: string[] = []
  page.on('pageerror', error => wrong.push(String(error)))
  page.on('console', message => {
    // What the API refuses is said by the browser too.
    if (message.type() === 'error' && !/status of 40[014]/.test(message.text())) wrong.push(message.text())
  })
  t.after(async () => {
    await page.close()
    assert.deepEqual(wrong, [])
  })
  await page.goto(`${house.url}${path}`)
  return page
}

test('the page of a model predicts with what is filled in, and shows it as chart, table and JSON', {
  skip,
}, async t => {
  const page = await open(t, '/m/digits')
  await page.getByRole('heading', { name: 'digits', level: 1 }).waitFor()
  await page.getByText('Reads a handwritten digit.').waitFor()
  const pixels = page.getByLabel('pixels', { exact: true })
  await page.getByRole('button', { name: 'Predict' }).click()
  await page.getByText(/Model [\d.]+ ms · .* in all/).waitFor()

  await pixels.fill('1, 2')
  await page.getByRole('button', { name: 'Predict' }).click()
  await page.getByText('pixels: Line 1: There are 2 values where 64 belong.').waitFor()

  const upload = { name: 'four.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) }
  await page.getByLabel('CSV file for pixels').setInputFiles(upload)
  await page.getByText('four.csv: 1 lines').waitFor()
  assert.match((await page.locator('.code pre').textContent()) ?? '', new RegExp(csv))
  await page.getByRole('button', { name: 'Predict' }).click()
  await page.locator('.single', { hasText: /^4$/ }).waitFor()
  await page.getByRole('img', { name: /^probabilities: 10 values .* the largest is number 4\.$/ }).waitFor()
  await page.getByRole('button', { name: 'Predict' }).click()
  await page.locator('.said', { hasText: /^From the cache/ }).waitFor()
  await page.getByLabel('Not from the cache').check()
  await page.getByRole('button', { name: 'Predict' }).click()
  await page.locator('.said', { hasText: /^Model/ }).waitFor()

  await page.getByRole('radio', { name: 'JSON' }).last().check({ force: true })
  assert.equal(JSON.parse((await page.getByLabel('Outputs as JSON').textContent()) ?? '').digit[0], 4)
  await pixels.fill(`${csv}\n${csv}`)
  await page.getByRole('button', { name: 'Predict' }).click()
  await page.getByRole('region', { name: 'Values of probabilities' }).waitFor()
  assert.equal(
    await page.getByRole('region', { name: 'Values of probabilities' }).locator('tbody tr').count(),
    2,
  )
})

test('a short row has a field for each value, and becomes lines for more rows', { skip }, async t => {
  const page = await open(t, '/m/pairs')
  await page.getByRole('group', { name: 'x' }).getByLabel('1', { exact: true }).fill('7')
  await page.getByRole('button', { name: 'Predict' }).click()
  await page.getByRole('img', { name: 'y: 2 values from 1 to 7; the largest is number 1.' }).waitFor()
  await page.getByRole('button', { name: 'Several rows, or a CSV file' }).click()
  const lines = page.getByLabel('x', { exact: true })
  assert.equal(await lines.inputValue(), '1, 7')
  await lines.fill('a,b\n1,2\n3,4')
  await page.getByRole('button', { name: 'Predict' }).click()
  const cells = page.getByRole('region', { name: 'Values of y' }).locator('td.number')
  await cells.first().waitFor()
  assert.deepEqual(await cells.allTextContents(), ['1', '2', '3', '4'])
})

test('the same call is given as code, which says what the form says', { skip }, async t => {
  const page = await open(t, '/m/digits')
  const code = page.locator('.code pre')
  await page.getByLabel('pixels', { exact: true }).fill(csv)
  const call = /^curl (\S+) .*-d '(.*)'$/s.exec((await code.textContent()) ?? '')
  const reply = await house.anonymous(new URL(call?.[1] ?? '').pathname, {
    ...json('POST', {}),
    body: call?.[2] ?? '',
  })
  assert.equal(((await reply.json()) as { output_data: { digit: number[] } }).output_data.digit[0], 4)
  await page.getByText('TypeScript', { exact: true }).click()
  await page.getByText('client.models.predict(').waitFor()
  await page.getByText('JSON', { exact: true }).first().click()
  await page.getByLabel('input_data').fill('{"pixels":[[1]]}')
  await page.getByRole('button', { name: 'Predict' }).click()
  await page.locator('.said.bad').waitFor()
  assert.match((await code.textContent()) ?? '', /\{"pixels":\[\[1\]\]\}/)
})

test('it works with the keyboard alone, on a narrow screen, without one that scrolls sideways', {
  skip,
}, async t => {
  const page = await open(t, '/m/digits', 360)
  await page.getByLabel('pixels', { exact: true }).focus()
  for (let presses = 0; presses < 10; presses += 1) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate('document.activeElement.textContent')) === 'Predict') break
  }
  await page.keyboard.press('Enter')
  await page.getByRole('img', { name: /^probabilities/ }).waitFor()
  const lefts = (await page.evaluate(`[...document.querySelectorAll('.chart .tick')].map(
    tick => tick.getBoundingClientRect().left - tick.closest('svg').getBoundingClientRect().left)`)) as number[]
  assert.ok(
    lefts.length > 2 && lefts.every(left => left >= 0),
    `what stands beside the chart is in it: ${lefts}`,
  )
  const [wide, screen] = (await page.evaluate(
    '[document.documentElement.scrollWidth, innerWidth]',
  )) as number[]
  assert.ok((wide ?? 0) <= (screen ?? 0), `${wide} on ${screen}`)
})

test('who may not see a model is led to sign in and back, and nobody is told that it is there', {
  skip,
}, async t => {
  const [page, nothing] = [await open(t, '/m/secret-digits'), await open(t, '/m/nothing')]
  await page.getByText('There is no model secret-digits').waitFor()
  await nothing.getByText('There is no model nothing').waitFor()
  const told = await page.locator('#state').textContent()
  assert.equal(await nothing.locator('#state').textContent(), told?.replace('secret-digits', 'nothing'))
  const account = { name: 'Ann', email: 'ann@example.com', password: 'a password of some length' }
  const made = await house.anonymous('/api/auth/sign-up/email', json('POST', account))
  assert.equal(made.status, 200, await made.text())
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByLabel('E-mail').fill(account.email)
  await page.getByLabel('Password').fill(account.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('Reads a handwritten digit.').waitFor()
  await page.getByRole('button', { name: 'Predict' }).click()
  await page.getByRole('img', { name: /^probabilities/ }).waitFor()

  await page.goto(`${house.url}/m/nothing`)
  await page.getByText('There is no model nothing that you may see.').waitFor()
  await page.goto(`${house.url}/sign-in?next=/m/secret-digits`)
  await page.getByText('Reads a handwritten digit.').waitFor()
  for (const next of ['//127.0.0.2/', '/%5C127.0.0.2/']) {
    await page.goto(`${house.url}/sign-in?next=${next}`)
    await page.waitForURL(`${house.url}/`)
  }
})
