import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { sample } from '../sample/sample.ts'
import { openConsole, skipConsole } from '../src/testing/console.ts'
import { testHouse } from '../src/testing/house.ts'
import { twoByTwoModel } from '../src/testing/onnx/models.ts'
import { until } from '../src/testing/until.ts'

const skip = skipConsole
const house = await testHouse({ after })
const pages = skip ? undefined : await openConsole({ after }, house)
const visibility = 'users'
const digits = await house.pushed('digits', await readFile(sample.path), { visibility, version: '1' })
const pairs = await house.pushed('pairs', twoByTwoModel(), { visibility, price: '2' })
await pages?.become('Ada Admin')

test('the example is filled in as a picture, one draws, and sees the answer, what it took, and its request', {
  skip,
}, async t => {
  assert.ok(pages)
  const page = await pages.open(t, `/models/${digits.id}`)
  const picture = page.getByRole('application', { name: /^Drawing for pixels/ })
  await picture.waitFor()
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByRole('img', { name: /^probabilities: 10 values .* the largest is number 4\.$/ }).waitFor()
  await page.getByText('not used').waitFor()
  const request = page.getByRole('link', { name: /^[0-9a-f-]{36}$/ })
  assert.match((await request.getAttribute('href')) ?? '', /^\/requests\/[0-9a-f-]{36}$/)
  // The same again.
  await picture.press('Control+Enter')
  await page.getByText('from the cache', { exact: true }).waitFor()

  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByText('The inputs have changed since this answer.').waitFor()
  for (const key of ['ArrowUp', ' ', 'ArrowDown', ' ']) await picture.press(key)
  const call = page.getByRole('region', { name: 'The same call as code' })
  const said = async (what: RegExp) => (await call.textContent())?.match(what)?.length
  await until(async () => (await said(/\b16\b/g)) === 2, 'the call has what was drawn')
  await page.getByRole('button', { name: 'Example' }).click()
  const example = new RegExp(sample.exampleInput.join())
  await until(async () => (await said(example)) === 1, 'the call has the example')
  await page.getByText('The inputs have changed since this answer.').waitFor({ state: 'hidden' })

  await page.getByLabel('Skip the cache').check()
  await page.getByRole('button', { name: 'Run 20 times' }).click()
  await page.getByRole('img', { name: /^20 calls: fastest .* ms, median .* ms, slowest .*\.$/ }).waitFor()
  await page.getByRole('heading', { name: 'Latency of 20 calls, none from the cache' }).waitFor()
})

test('what is wrong is said at its line and its field, and what was filled in one way is there in the next', {
  skip,
}, async t => {
  assert.ok(pages)
  const page = await pages.open(t, `/models/${digits.id}?as=json`)
  const editor = page.locator('.cm-editor').getByRole('textbox', { name: 'input_data' })
  await editor.fill('{\n "pixels": [[1, 2\n}')
  await editor.press('Control+Enter')
  await page
    .getByText(/^Line 3: /)
    .first()
    .waitFor()
  await editor.fill('{\n "pixels": [[1, 2]]\n}')
  await editor.press('Control+Enter')
  await page.getByText(/^Line 2: Input 'pixels': expected shape/).waitFor()
  await page
    .getByRole('alert')
    .getByRole('link', { name: /^[0-9a-f-]{36}$/ })
    .waitFor()

  const row = Array.from({ length: 64 }, (_, at) => at % 17)
  await editor.fill(JSON.stringify({ pixels: [row] }))
  await page.getByText('CSV', { exact: true }).click()
  const lines = page.getByRole('textbox', { name: 'Samples' })
  assert.match(await lines.inputValue(), /^pixels\[0\], pixels\[1\], .*\n0, 1, 2, /)
  await page.waitForURL(/as=csv/)
  await lines.fill(`${row}\n${row}\n1,2`)
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByText('Line 3: There are 2 values where 64 belong.').first().waitFor()
  await page.getByText('File', { exact: true }).click()
  const upload = { name: 'two.csv', mimeType: 'text/csv', buffer: Buffer.from(`${row}\n${row}`) }
  await page.getByLabel('JSON or CSV file').setInputFiles(upload)
  await page.getByText('two.csv: 2 samples').waitFor()
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  const rows = page.getByRole('region', { name: 'Values of probabilities' }).getByRole('row')
  await rows.first().waitFor()
  assert.equal(await rows.count(), 3)
})

test('two inputs are grids that grow by rows; a call says what it costs, and charges it', {
  skip,
}, async t => {
  assert.ok(pages)
  const page = await pages.open(t, `/models/${pairs.id}`, { width: 360, height: 740 })
  const field = (name: string) => page.getByRole('group', { name, exact: true })
  await field('a').getByLabel('1', { exact: true }).fill('x')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await field('a').getByText('"x" is not a number.').waitFor()
  await field('a').getByLabel('1', { exact: true }).fill('5')
  for (const name of ['a', 'b']) {
    await field(name).getByRole('button', { name: 'Add a row' }).click()
    await field(name).getByLabel('0, row 2').fill('7')
    await field(name).getByLabel('1, row 2').fill('8')
  }
  await page.getByRole('button', { name: 'Run 20 times (40 credits)' }).waitFor()
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  const cells = page.getByRole('region', { name: 'Values of sum' }).getByRole('cell')
  await cells.first().waitFor()
  assert.deepEqual((await cells.allTextContents()).slice(-2), ['14', '16'])
  await page.getByText('2 credits', { exact: true }).waitFor()
  const [wide, screen] = (await page.evaluate(
    '[document.documentElement.scrollWidth, innerWidth]',
  )) as number[]
  assert.ok((wide ?? 0) <= (screen ?? 0), `${wide} on ${screen}`)
})

test('a model that was unloaded says so, and is loaded from there', { skip }, async t => {
  assert.ok(pages)
  const page = await pages.open(t, `/models/${pairs.id}`)
  await page.getByRole('group', { name: 'a', exact: true }).waitFor()
  assert.equal((await house.fetch('/v2/repository/models/pairs/unload', { method: 'POST' })).status, 200)
  await page.reload()
  await page.getByRole('heading', { name: /cannot predict now$/ }).waitFor()
  await page.getByRole('button', { name: 'Load now' }).click()
  await page.getByRole('button', { name: 'Run', exact: true }).waitFor()
})
