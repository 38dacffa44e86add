import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { openConsole, skipConsole } from '../src/testing/console.ts'
import { testHouse } from '../src/testing/house.ts'
import { mlpModel } from '../src/testing/onnx/models.ts'

const skip = skipConsole
const house = await testHouse({ after })
const pages = skip ? undefined : await openConsole({ after }, house)

/** A page of someone who is signed in; lines are written a moment behind what they tell of. */
async function opened(t: TestContext, who: string, path: string) {
  assert.ok(pages)
  await pages.become(who)
  return await pages.open(t, path)
}

const get = (path: string, requestId: string) => house.fetch(path, { headers: { 'x-request-id': requestId } })

test('the log moves by itself, is searched in words, held, and a line opens with all it says', {
  skip,
}, async t => {
  const page = await opened(t, 'Log Admin', '/logs')
  await page.getByText('Live', { exact: true }).last().waitFor()
  await get('/api/v1/agents', 'console-live')
  const line = page.getByRole('row', { name: /GET \/api\/v1\/agents/ })
  await line.waitFor()

  await page.getByRole('textbox', { name: 'Query' }).fill('level:loud')
  await page.getByText('Level is debug, info, warn or error.').waitFor()
  await page.getByRole('textbox', { name: 'Query' }).fill('request:console-*')
  await page.getByText('1 line shown').waitFor()
  assert.match(decodeURIComponent(page.url()), /q=request:console-/)

  await page.getByRole('button', { name: 'Pause' }).click()
  await get('/nothing/here', 'console-held')
  await page.getByText('Paused, 1 new').waitFor()
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByRole('row', { name: /GET \/nothing\/here/ }).waitFor()

  await page.getByRole('link', { name: 'request-end' }).last().click()
  const detail = page.getByRole('dialog', { name: 'request-end' })
  await detail.getByRole('button', { name: 'Without lines with this status' }).click()
  await page.getByText('1 line shown').waitFor()
  assert.match(decodeURIComponent(page.url()), /-status:404/)
})

test('the id of a request leads to its whole story, with a way to each of its parts', {
  skip,
}, async t => {
  const model = await house.pushed('told', mlpModel({ inputs: 2, hidden: 4, outputs: 3, seed: 1 }))
  const headers = { 'x-request-id': 'console-story', 'content-type': 'application/json' }
  const body = JSON.stringify({ model_id: model.id, input_data: { x: [[0.5, 0.5]] } })
  const made = await house.fetch('/api/v1/jobs', { method: 'POST', headers, body })
  assert.equal(made.status, 201)
  const page = await opened(t, 'Log Admin', '/logs?q=request:console-story')
  await page
    .getByRole('link', { name: /the story of this request/ })
    .first()
    .click()
  await page.getByRole('heading', { name: 'Request' }).waitFor()
  await page.getByRole('link', { name: 'Prediction told@1' }).waitFor()
  await page.getByRole('button', { name: /^Jobs? 1/ }).click()
  await page.getByText('1 entry').waitFor()
  await page.getByRole('link', { name: 'Job model' }).click()
  await page.getByRole('dialog', { name: 'model' }).getByRole('link', { name: 'Open the job' }).click()
  await page.waitForURL(/\/jobs\//)
  const lines = page.getByRole('table', { name: 'Log lines' })
  await lines.getByRole('row', { name: /POST \/api\/v1\/jobs/ }).waitFor()
  await lines.getByRole('link', { name: 'job-end' }).click()
  await page.getByRole('dialog', { name: 'job-end' }).waitFor()
  assert.match(decodeURIComponent(page.url()), /\/logs\?q=request:console-story/)
})

test('a member is told why the log is not theirs, and sees nothing of the requests of others', {
  skip,
}, async t => {
  const page = await opened(t, 'Some Member', '/logs')
  await page.getByText('they are for administrators').waitFor()
  await get('/api/v1/agents', 'of-the-house')
  await page.getByRole('textbox', { name: 'Request id' }).fill('of-the-house')
  await page.getByRole('button', { name: 'Open its story' }).click()
  await page.getByRole('heading', { name: 'Nothing is kept of this request' }).waitFor()
})
