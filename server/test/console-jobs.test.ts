import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { defineTask } from '@roundhouse/sdk/config'
import type { Job } from '@roundhouse/sdk/contract'
import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { sample } from '../sample/sample.ts'
import { json } from '../src/testing/access-fixture.ts'
import { openConsole, skipConsole } from '../src/testing/console.ts'
import { testHouse } from '../src/testing/house.ts'

let isBroken = true
const count = defineTask({
  name: 'count',
  description: 'Counts what it is given.',
  schedule: '30 6 * * 1-5',
  retry: { attempts: 1 },
  async run({ input, rows }) {
    if (isBroken) throw new Error('The scales are broken.')
    rows.read(Number(input.rows))
  },
})
const house = await testHouse({ after }, {}, { declared: { tasks: [count] } })
const digits = await house.pushed('digits', await readFile(sample.path), { visibility: 'users' })
const pages = skipConsole ? undefined : await openConsole({ after }, house)
const input_data = { pixels: [sample.exampleInput] }
const skip = skipConsole
type Scope = { after(callback: () => Promise<void>): void }

async function visit(
  t: Scope,
  name: string,
  path: string,
  size?: { width: number; height: number },
): Promise<Page> {
  assert.ok(pages)
  await pages.become(name)
  return pages.open(t, path, size)
}

test('the sample batch is made in the browser, shows its progress live and gives its file', {
  skip,
}, async t => {
  const page = await visit(t, 'Mel Member', '/jobs')
  await page.getByRole('heading', { name: 'No jobs yet' }).waitFor()
  await page.getByRole('button', { name: 'Start the sample batch' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Rows').selectOption('200,000')
  await dialog.getByRole('button', { name: 'Start the sample batch' }).click()
  await page.getByRole('heading', { name: 'Batch job', level: 1 }).waitFor()
  await page.getByRole('progressbar', { name: /of 200,000 rows/ }).waitFor()
  await page.getByText('200,000 rows, none of them bad.').waitFor({ timeout: 60_000 })
  await page
    .getByRole('region', { name: 'First lines of the result' })
    .getByText(/^digit,probabilities\[0\]/)
    .waitFor()
  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download the result' }).click()
  assert.equal((await download).suggestedFilename(), 'result.csv')
})

test('jobs are found by state, begun anew and cancelled together, and a member sees nothing of others', {
  skip,
}, async t => {
  const ended = await house.fetch('/api/v1/jobs', json('POST', { model_id: digits.id, input_data }))
  const { id } = (await ended.json()) as Job
  const page = await visit(t, 'Ada Admin', '/jobs?kind=model')
  await page.getByRole('link', { name: new RegExp(`model ${id.slice(-8)}`) }).click()
  await page.getByRole('heading', { name: 'Model job', level: 1 }).waitFor()
  await page
    .getByRole('region', { name: 'Outputs as JSON' })
    .getByText(/"digit"/)
    .waitFor()
  await page.getByText('this server').waitFor()

  await page.goto(`${house.url}/schedules`)
  await page.getByText('At 06:30, Monday through Friday').waitFor()
  await page.getByRole('button', { name: 'Run now: count' }).click()
  const dialog = page.getByRole('dialog')
  const editor = dialog.getByRole('textbox', { name: 'Parameters as JSON' })
  await editor.fill('{"rows": 7')
  await dialog.getByRole('button', { name: 'Run now' }).click()
  await dialog.getByText(/^This is not JSON/).waitFor()
  await editor.fill('{"rows": 7}')
  await dialog.getByRole('button', { name: 'Run now' }).click()
  const runs = page.getByRole('table', { name: 'Runs' })
  await runs.getByText('The scales are broken.').waitFor()

  isBroken = false
  await page.goto(`${house.url}/jobs?status=failed`)
  await page.getByRole('table', { name: 'Jobs' }).getByText('The scales are broken.').waitFor()
  await page.getByRole('button', { name: 'Select all shown' }).click()
  await page.getByRole('button', { name: 'Retry 1' }).click()
  await page.getByRole('button', { name: 'Retry them' }).click()
  await page.getByRole('heading', { name: 'No job is like that' }).waitFor()
  await page.goto(`${house.url}/schedules/count`)
  await runs.getByText('done').waitFor()
  await runs.getByRole('cell', { name: '7', exact: true }).waitFor()
  await page.getByRole('button', { name: 'Pause count' }).click()
  await page.getByText('None while it is paused.').waitFor()

  const other = await visit(t, 'Mel Member', `/jobs/${id}`)
  await other.getByRole('alert').waitFor()
  await other.goto(`${house.url}/schedules`)
  await other.getByRole('heading', { name: 'For administrators' }).waitFor()
})

test('files are dropped into folders, shown, linked, moved and deleted', { skip }, async t => {
  const page = await visit(t, 'Ada Admin', '/files')
  await page.getByRole('button', { name: 'New bucket' }).click()
  await page.getByLabel('Name', { exact: true }).fill('photos')
  await page.getByLabel('Largest file').fill('1MB')
  await page.getByRole('button', { name: 'Make the bucket' }).click()
  await page.getByRole('link', { name: 'photos' }).click()
  await page.getByRole('button', { name: 'New folder' }).click()
  await page.getByLabel('Name', { exact: true }).fill('trips')
  await page.getByRole('button', { name: 'Go there' }).click()
  const picture = await readFile(new URL('../../console/public/favicon.svg', import.meta.url))
  await page.getByLabel('Choose files').setInputFiles([
    { name: 'mark.svg', mimeType: 'image/svg+xml', buffer: picture },
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('They went by train.') },
    { name: 'large.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(1_200_000) },
  ])
  await page.getByText('3 uploads ended').waitFor()
  await page.getByRole('listitem').filter({ hasText: 'large.bin' }).getByText('failed').waitFor()
  const files = page.getByRole('table', { name: 'Files' })
  await files.getByRole('button', { name: 'mark.svg' }).click()
  await page.getByRole('img', { name: 'Preview of mark.svg' }).waitFor()
  await page.getByRole('button', { name: 'Close' }).click()

  await files.getByRole('button', { name: 'notes.txt' }).click()
  await page.getByRole('region', { name: 'Text of notes.txt' }).getByText('They went by train.').waitFor()
  await page.getByRole('button', { name: 'Make a link' }).click()
  const link = (await page.getByRole('region', { name: 'Signed link' }).textContent()) ?? ''
  assert.equal(await (await fetch(link)).text(), 'They went by train.')
  await page.getByRole('button', { name: 'Move or rename' }).click()
  await page.getByLabel('New name').fill('trips/diary.txt')
  await page.getByRole('button', { name: 'Move', exact: true }).click()
  await page.getByRole('region', { name: 'Text of diary.txt' }).waitFor()
  await page.getByRole('button', { name: 'Close' }).click()

  await page.getByRole('navigation', { name: 'Folders' }).getByRole('button', { name: 'photos' }).click()
  await files.getByLabel('Select trips').check()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('button', { name: 'Delete them' }).click()
  await page.getByRole('heading', { name: 'Nothing here yet' }).waitFor()
})

test('thousands of files are listed as they scroll, on a narrow screen too', { skip }, async t => {
  for (const thousand of [1000, 2000, 3000])
    await sql`insert into objects (id, bucket_id, name, version, size_bytes, content_type, cache_control, sha256)
      select gen_random_uuid(), 'agent-logos', 'many/' || number || '.png', gen_random_uuid(), 10, 'image/png', 'no-cache',
        repeat('0', 64) from generate_series(${thousand}::int, ${thousand}::int + 999) as number`.execute(
      house.ground.database.system,
    )
  const narrow = { width: 360, height: 740 }
  const page = await visit(t, 'Ada Admin', '/files/agent-logos?folder=many', narrow)
  const files = page.getByRole('table', { name: 'Files' })
  await files.getByText('1000.png').waitFor()
  assert.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false)
  const end = files.getByText('3999.png')
  while (!(await end.isVisible())) {
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
    await page.waitForFunction('new Promise(resolve => requestAnimationFrame(() => resolve(true)))')
  }
  await page.getByText(/^3,?000 files$/).waitFor()
  assert.ok((await files.getByRole('row').count()) < 100, 'only those in sight are in the page')
})

test('a report is made from the example of its template, shown page by page, and found by its template', {
  skip,
}, async t => {
  const page = await visit(t, 'Mel Member', '/reports')
  await page.getByRole('button', { name: 'Make a report from conversation-transcript' }).click()
  await page.getByLabel('Title in lists').fill('What was said')
  await page.getByRole('button', { name: 'Make the report' }).click()
  await page.getByRole('heading', { name: 'What was said', level: 1 }).waitFor({ timeout: 30_000 })
  await page.getByRole('img', { name: 'Page 1' }).waitFor({ timeout: 30_000 })
  const link = (await page.getByRole('region', { name: 'Signed link' }).textContent()) ?? ''
  const { pathname, search } = new URL(link)
  const file = await house.anonymous(pathname + search)
  assert.equal(file.headers.get('content-type'), 'application/pdf')
  await page.getByRole('link', { name: /^conversation-transcript/ }).click()
  await page.waitForURL('**/reports?template=conversation-transcript')
  await page.getByRole('table', { name: 'Reports' }).getByRole('link', { name: 'What was said' }).waitFor()
  await page.getByLabel('Template', { exact: true }).selectOption('forecast-report')
  await page.getByRole('heading', { name: 'No report was made from forecast-report' }).waitFor()

  await page.goto(`${house.url}/account`)
  await page.getByText('this one').waitFor()
  await page.getByRole('table', { name: 'Entries' }).getByText('plan-start').waitFor()
  await page.getByLabel('Password now').fill('wrong')
  await page.getByLabel('New password').fill('another long password')
  await page.getByRole('button', { name: 'Change the password' }).click()
  await page.getByRole('alert').waitFor()
})
