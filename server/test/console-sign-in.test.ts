import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openConsole, password, skipConsole } from '../src/testing/console.ts'
import { testHouse } from '../src/testing/house.ts'
import { identityModel } from '../src/testing/onnx/models.ts'

const skip = skipConsole
const house = await testHouse({ after })
const console_ = skip ? undefined : await openConsole({ after }, house)

test('who is not signed in is asked to, and comes back to the very page with its search', {
  skip,
}, async t => {
  assert.ok(console_)
  const { email } = await console_.become('Ada Admin')
  await console_.leave()
  const page = await console_.open(t, '/models?q=dig')
  await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor()
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill('wrong password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page
    .getByRole('alert')
    .getByText(/password/i)
    .waitFor()
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor()
  assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, '/models?q=dig')
})

test('sign-out ends it in every tab, and nothing of who was here is shown any more', { skip }, async t => {
  assert.ok(console_)
  await console_.become('Ada Admin')
  const page = await console_.open(t, '/account')
  const other = await console_.open(t, '/keys')
  await other.getByRole('heading', { name: 'API keys', level: 1 }).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).first().click()
  await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor()
  await other.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor()
})

test('a session that ended elsewhere sends to sign-in, and back to where one was', { skip }, async t => {
  assert.ok(console_)
  const { email, token } = await console_.become('Ada Admin')
  const page = await console_.open(t, '/jobs?status=failed')
  await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const ended = await fetch(`${house.url}/api/auth/sign-out`, { method: 'POST', headers, body: '{}' })
  assert.equal(ended.status, 200)
  // The stream of changes ends with the session, so nothing need be asked for.
  await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor()
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor()
  assert.equal(new URL(page.url()).search, '?status=failed')
})

test('a member sees nothing of others: not in lists, not by address, not by the palette', {
  skip,
}, async t => {
  assert.ok(console_)
  const file = identityModel('FP32', ['N', 2])
  const secret = await house.pushed('admins-secret', file, { visibility: 'private' })
  await console_.become('Grace Member')
  const page = await console_.open(t, '/models')
  await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor()
  await page
    .getByText(/no model|your first model|upload/i)
    .first()
    .waitFor()
  assert.equal(await page.getByText('admins-secret').count(), 0)
  assert.equal(await page.getByRole('link', { name: 'Users' }).count(), 0)

  await page.goto(`${house.url}/models/${secret.id}`)
  await page
    .getByRole('alert')
    .getByText(/There is no model/)
    .waitFor()
  assert.equal(await page.getByText('admins-secret').count(), 0)
  for (const path of ['/users', '/logs', '/metrics-view', '/settings']) {
    await page.goto(`${house.url}${path}`)
    await page
      .getByText(/administrator/i)
      .first()
      .waitFor()
  }
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Search and commands' }).fill('admins-secret')
  await page.getByText('Nothing of that name.').waitFor()
})
