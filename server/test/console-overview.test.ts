import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { sample } from '../sample/sample.ts'
import { json } from '../src/testing/access-fixture.ts'
import { openConsole, skipConsole } from '../src/testing/console.ts'
import { testHouse } from '../src/testing/house.ts'
import { until } from '../src/testing/until.ts'

const house = await testHouse({ after }, { METRICS_SAMPLE_SECONDS: '1', OPENAI_API_KEY: 'key-nobody-sees' })
const digits = await house.pushed('digits', await readFile(sample.path), { visibility: 'users' })
const pages = skipConsole ? undefined : await openConsole({ after }, house)
const input = json('POST', { input_data: { pixels: [sample.exampleInput] } })

async function visit(
  t: { after(callback: () => Promise<void>): void },
  name: string,
  path: string,
): Promise<Page> {
  if (!pages) throw new Error('skipped without a browser')
  await pages.become(name)
  return pages.open(t, path)
}

async function isMeasured(path: string, told: RegExp): Promise<boolean> {
  return told.test(await (await house.fetch(path)).text())
}

test('on the first day the overview says what to do, and how every part is', {
  skip: skipConsole,
}, async t => {
  const page = await visit(t, 'Ada Admin', '/')
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
  const steps = page.getByRole('region', { name: 'First steps' })
  await steps.getByText('0 of 3 done').waitFor()
  const health = page.getByRole('region', { name: 'Health' })
  for (const part of ['API', 'Database', 'Queue', 'Cache', 'Storage'])
    await health.getByRole('listitem').filter({ hasText: part }).getByText('healthy').waitFor()
  await page.getByText('none in 24 hours').waitFor()
  await steps.getByRole('link', { name: 'Try the sample model' }).click()
  await page.waitForURL(`**/models/${digits.id}`)
})

test('a model that nobody called leads to its playground, then shows its calls', {
  skip: skipConsole,
}, async t => {
  const page = await visit(t, 'Ada Admin', `/models/${digits.id}/metrics`)
  await page.getByText('No calls in this time').waitFor()
  await page.getByRole('link', { name: 'Open the playground' }).waitFor()
  for (let i = 0; i < 4; i++) await house.fetch(`/api/v1/models/${digits.id}/predict`, input)
  await until(
    () => isMeasured(`/api/v1/models/${digits.id}/metrics`, /"calls":\[[^\]]*[1-9]/),
    'the calls are measured',
  )
  await page.reload()
  await page.getByRole('img', { name: /^Calls\. / }).waitFor()
  await page.getByRole('definition').filter({ hasText: '75 %' }).waitFor()
})

test('metrics are charts with a line each, and tables; time and view stand in the address', {
  skip: skipConsole,
}, async t => {
  await until(() => isMeasured('/api/v1/admin/metrics', /"requests":\[[^\]]*[1-9]/), 'requests are measured')
  const page = await visit(t, 'Ada Admin', '/metrics-view')
  await page.getByRole('img', { name: /^Requests\. .* on average/ }).waitFor()
  await page.getByText(/^Measured since/).waitFor()
  await page.getByRole('button', { name: 'Show tables' }).click()
  await page
    .getByRole('region', { name: 'Latency, values' })
    .getByRole('columnheader', { name: 'p95' })
    .waitFor()
  await page.getByRole('radio', { name: '6 hours' }).check({ force: true })
  await page.waitForURL(/window=6h/)
  await page.waitForURL(/as=table/)
  await page.goBack()
  await page.getByRole('radio', { name: '1 hour', checked: true }).waitFor({ state: 'attached' })
})

test('what the server was told at its start is there, secrets only as being there', {
  skip: skipConsole,
}, async t => {
  const page = await visit(t, 'Ada Admin', '/settings/server?only=changed')
  const settings = page.getByRole('region', { name: 'Settings of the environment' })
  const key = settings.getByRole('listitem').filter({ hasText: 'OPENAI_API_KEY' })
  await key.getByText('set, never shown').waitFor()
  await page.getByRole('searchbox', { name: 'Search settings' }).fill('METRICS_SAMPLE')
  await settings.getByText(/^1 of \d+ settings$/).waitFor()
  await page.waitForURL(/q=METRICS_SAMPLE/)
  await page.getByText('none pending').waitFor()
})

test('a member sees what is theirs, and is told for whom the rest is', { skip: skipConsole }, async t => {
  const page = await visit(t, 'Grace', '/')
  await page.getByText('Welcome, Grace. This is what is yours.').waitFor()
  await page.getByRole('definition').filter({ hasText: 'plan free' }).waitFor()
  await page.getByRole('heading', { name: 'Last runs' }).waitFor()
  const other = await visit(t, 'Grace', '/metrics-view')
  await other.getByRole('heading', { name: 'For administrators' }).waitFor()
})
