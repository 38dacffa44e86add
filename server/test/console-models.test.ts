import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import type { Model } from '@roundhouse/sdk/contract'
import type { Page } from 'playwright-core'
import { sample } from '../sample/sample.ts'
import { openConsole, skipConsole } from '../src/testing/console.ts'
import { testHouse } from '../src/testing/house.ts'
import { identityModel } from '../src/testing/onnx/models.ts'
import { until } from '../src/testing/until.ts'

const house = await testHouse({ after }, { MAX_MODEL_SIZE_BYTES: '100000', METRICS_SAMPLE_SECONDS: '1' })
const pages = skipConsole ? undefined : await openConsole({ after }, house)
const file = await readFile(sample.path)

/** Calls the API with the session of `token`. */
async function ask<Answer>(
  token: string,
  method: string,
  path: string,
  body?: FormData | object,
): Promise<Answer> {
  const isForm = body instanceof FormData
  const response = await house.anonymous(path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body && !isForm && { 'content-type': 'application/json' }),
    },
    ...(body && { body: isForm ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  assert.ok(response.ok, text)
  return text === '' ? (undefined as Answer) : (JSON.parse(text) as Answer)
}

function push(
  token: string,
  name: string,
  bytes: Uint8Array,
  fields: Record<string, string> = {},
): Promise<Model> {
  const form = new FormData()
  for (const [field, value] of Object.entries({ name, ...fields })) form.set(field, value)
  form.set('file', new Blob([bytes as Uint8Array<ArrayBuffer>]), 'model.onnx')
  return ask(token, 'POST', '/api/v1/models', form)
}

/** Lets a file fall on the middle of the page. */
async function drop(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const transfer = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([new Uint8Array([${[...bytes]}])], ${JSON.stringify(name)}))
    return transfer
  })()`)
  await page.getByRole('main').dispatchEvent('drop', { dataTransfer: transfer })
}

test('the first model is the sample by one press; a file dropped anywhere is named, sent, checked, or refused with the reason', {
  skip: skipConsole,
}, async t => {
  assert.ok(pages)
  await pages.become('Ada Admin')
  const page = await pages.open(t, '/models')
  await page.getByRole('button', { name: 'Load the sample' }).click()
  await page.getByRole('heading', { name: 'digits', level: 1 }).waitFor()
  await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'Models' }).click()
  await page.getByRole('row', { name: /digits 1 ready/ }).waitFor()

  await drop(page, 'My net (2).onnx', file)
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'My-net-2')
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  const checks = page.getByRole('list', { name: 'Checks' })
  await checks.getByText(/Version 1, loaded in [\d.]+ m?s/).waitFor()
  assert.match(
    (await checks.textContent()) ?? '',
    /sha256equal.*1 input: pixels FP32 \[any, 64\]\. 2 outputs/,
  )
  await page.getByRole('dialog').getByText('Close', { exact: true }).click()

  await page.getByRole('button', { name: 'Upload a model' }).click()
  await page.getByText('One file may have 97.7 KiB.').waitFor()
  const choose = page.getByLabel('Choose an ONNX file')
  await choose.setInputFiles({ name: 'large.onnx', mimeType: '', buffer: Buffer.alloc(100_001) })
  await page.getByText(/this server takes files of at most 97\.7 KiB/).waitFor()
  assert.equal(
    await page.getByRole('button', { name: 'Upload', exact: true }).getAttribute('aria-disabled'),
    'true',
  )
  await page.getByRole('button', { name: 'Choose another' }).click()
  await choose.setInputFiles({ name: 'junk.onnx', mimeType: '', buffer: Buffer.from('junk') })
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await page.getByRole('alert').getByText('The file is not an ONNX model.').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await page.getByRole('status').getByText('2 models').waitFor()
})

test('the versions of a model say which serves and why, are compared, rolled back, and brought back', {
  skip: skipConsole,
}, async t => {
  assert.ok(pages)
  const { token } = await pages.become('Ada Admin')
  await push(token, 'pairs', identityModel('FP32', ['N', 2]))
  const second = await push(token, 'pairs', identityModel('FP32', ['N', 3]))
  const page = await pages.open(t, '/models?q=pairs')
  await page.getByRole('row', { name: /pairs 2 of 2 ready/ }).waitFor()
  await page.getByRole('link', { name: 'pairs' }).click()
  await page.getByRole('link', { name: 'Versions' }).click()
  await page.getByText('Calls of pairs without a version go to 2.').waitFor()
  await page.getByRole('row', { name: /^1 ready Version 2 is newer/ }).waitFor()
  await page
    .getByRole('region', { name: 'Compare two versions' })
    .getByText('1 FP32 [any, 2], 2 FP32 [any, 3]')
    .first()
    .waitFor()

  await page.getByRole('button', { name: 'Actions for version 1' }).click()
  await page.getByRole('menuitem', { name: 'Roll back to it' }).click()
  await page.getByRole('button', { name: 'Roll back' }).click()
  await page.getByText('Calls of pairs without a version go to 1.').waitFor()
  assert.equal((await ask<Model>(token, 'GET', `/api/v1/models/${second.id}`)).status, 'archived')
  await page.getByRole('button', { name: 'Bring back' }).click()
  await page.getByRole('row', { name: /^2 not loaded Version 1 serves meanwhile/ }).waitFor()
  await page.getByRole('button', { name: 'Load again' }).click()
  await page.getByText('Calls of pairs without a version go to 2.').waitFor()

  await page.getByRole('button', { name: 'Unload' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Unload' }).click()
  await page.getByText('not loaded').first().waitFor()
  await page.getByRole('button', { name: 'Load', exact: true }).click()
  await page.getByRole('row', { name: /^2 ready serves The newest version/ }).waitFor()
})

test('a prediction can be opened by its address, with what went in and out, and leads to its request', {
  skip: skipConsole,
}, async t => {
  assert.ok(pages)
  const { token } = await pages.become('Ada Admin')
  const { id } = await push(token, 'remembered', identityModel('FP32', ['N', 2]))
  await ask(token, 'POST', `/api/v1/models/${id}/predict`, { input_data: { x: [[7, 8]] } })
  const history = () =>
    ask<{ data: { id: string; request_id: string }[] }>(token, 'GET', `/api/v1/models/${id}/predictions`)
  await until(async () => (await history()).data.length === 1, 'written down', 5000)
  const page = await pages.open(t, `/models/${id}/predictions`)
  await page.getByRole('table', { name: 'Predictions' }).getByRole('link').first().click()
  await page.getByRole('region', { name: 'Inputs as JSON' }).getByText('[7, 8]').waitFor()
  const [record] = (await history()).data
  assert.equal(new URL(page.url()).searchParams.get('open'), record?.id)
  const link = page.getByRole('dialog').getByRole('link', { name: record?.request_id ?? '' })
  assert.equal(await link.getAttribute('href'), `/requests/${record?.request_id}`)
})

test('its owner describes, prices and deletes a model by its typed name, and is asked before changes are lost; others are told why they may not', {
  skip: skipConsole,
}, async t => {
  assert.ok(pages)
  const owner = await pages.become('Ada Admin')
  const { id } = await push(owner.token, 'for-sale', identityModel('FP32', ['N', 2]), { visibility: 'users' })
  const page = await pages.open(t, `/models/${id}/settings`)
  await page.getByLabel('Description').fill('Gives back what it gets.')
  await page.getByLabel('Price of a call, in credits').fill('3')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('3 credits a call').waitFor()
  const saved = await ask<Model>(owner.token, 'GET', `/api/v1/models/${id}`)
  assert.deepEqual(
    [saved.description, saved.price, saved.visibility],
    ['Gives back what it gets.', 3, 'users'],
  )
  await page.getByLabel('Price of a call, in credits').fill('three')
  await page.getByRole('link', { name: 'Versions' }).click()
  const leave = page.getByRole('dialog', { name: 'Leave without saving?' })
  await leave.getByRole('button', { name: 'Save and leave' }).click()
  await leave.getByText('A whole number of credits, 0 for free.').waitFor()
  await leave.getByRole('button', { name: 'Stay here' }).click()
  await page.getByLabel('Price of a call, in credits').fill('4')
  await page.getByRole('link', { name: 'Versions' }).click()
  await leave.getByRole('button', { name: 'Save and leave' }).click()
  await page.waitForURL(/\/versions$/)
  assert.equal((await ask<Model>(owner.token, 'GET', `/api/v1/models/${id}`)).price, 4)
  await page.goBack()

  await pages.become('Mel')
  const narrow = await pages.open(t, `/models/${id}/settings`, { width: 360, height: 740 })
  await narrow
    .getByText('It is not yours: only its owner and administrators may change it.')
    .first()
    .waitFor()
  assert.equal(
    await narrow.getByRole('button', { name: 'Delete this version' }).getAttribute('aria-disabled'),
    'true',
  )
  assert.equal(await narrow.evaluate('document.documentElement.scrollWidth > innerWidth'), false)

  await pages.become('Ada Admin')
  await page.reload()
  await page.getByRole('button', { name: 'Delete this version' }).click()
  const dialog = page.getByRole('dialog')
  assert.equal(
    await dialog.getByRole('button', { name: 'Delete version' }).getAttribute('aria-disabled'),
    'true',
  )
  await dialog.getByLabel('Type for-sale to confirm').fill('for-sale')
  await dialog.getByRole('button', { name: 'Delete version' }).click()
  await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor()
  assert.equal((await house.fetch(`/api/v1/models/${id}`)).status, 404)
})
