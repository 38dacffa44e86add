import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openConsole, skipConsole } from '../src/testing/console.ts'
import { testHouse } from '../src/testing/house.ts'

if (skipConsole) test('users, keys and settings in the console', { skip: skipConsole }, () => {})
else {
  const house = await testHouse({ after })
  const pages = await openConsole({ after }, house)

  test('a key is shown once, works from elsewhere, and is gone when it is revoked', async t => {
    await pages.become('Kim')
    const page = await pages.open(t, '/keys')
    await page.getByRole('button', { name: 'Create the first key' }).click()
    const dialog = page.getByRole('dialog', { name: 'Create an API key' })
    await dialog.getByLabel('Name').fill('laptop')
    await dialog.getByRole('button', { name: 'Create key' }).click()
    const shown = page.getByRole('dialog', { name: 'Your new key' })
    const key = ((await shown.getByRole('region', { name: 'key laptop' }).textContent()) ?? '').trim()
    const me = await house.fetch('/api/v1/me', { headers: { authorization: `Bearer ${key}` } })
    assert.equal(((await me.json()) as { name: string }).name, 'Kim')
    await shown.getByRole('button', { name: 'I have copied it' }).click()
    const keys = page.getByRole('table', { name: 'Keys' })
    await keys.getByText('predict, agents, files').or(keys.getByText('read, predict')).first().waitFor()
    assert.equal(await page.getByText(key).count(), 0)
    await keys.getByRole('button', { name: 'Actions for laptop' }).click()
    await page.getByRole('menuitem', { name: 'Revoke' }).click()
    await page.getByRole('button', { name: 'Revoke key' }).click()
    await page.getByRole('heading', { name: 'No API keys yet' }).waitFor()
  })

  test('credits that an administrator gives stand in the ledger of the user, with the reason', async t => {
    await pages.become('Grace Hopper')
    await pages.become('Ada Admin')
    const page = await pages.open(t, '/users?q=grace')
    await page.getByRole('link', { name: 'Grace Hopper' }).click()
    await page.getByRole('heading', { level: 1, name: 'Grace Hopper' }).waitFor()
    await page.getByRole('button', { name: 'Grant credits' }).click()
    const dialog = page.getByRole('dialog', { name: 'Credits of Grace Hopper' })
    await dialog.getByLabel('Credits').fill('25')
    await dialog.getByLabel('Reason').fill('for the talk')
    await dialog.getByRole('button', { name: 'Give credits' }).click()
    const ledger = page.getByRole('table', { name: 'Ledger entries' })
    await ledger.getByRole('row').filter({ hasText: 'for the talk' }).getByText('+25').waitFor()
    await page.getByRole('link', { name: 'Granted 25 credits' }).click()
    await page.getByRole('dialog', { name: 'Granted 25 credits' }).getByText('for the talk').waitFor()
  })

  test('a provider is added from a preset and tested; its key is not shown again', async t => {
    await pages.become('Ada Admin')
    const page = await pages.open(t, '/settings')
    await page.getByRole('button', { name: 'Test' }).first().click()
    await page.getByText('demo began to answer').waitFor()
    await page.getByRole('button', { name: 'Add a provider' }).click()
    await page.getByRole('button', { name: /^Mistral/ }).click()
    await page.getByLabel('Key', { exact: true }).fill('sk-never-shown')
    await page.getByRole('button', { name: 'Save provider' }).click()
    await page.getByRole('heading', { name: 'mistral' }).waitFor()
    await page.getByText('set, never shown').waitFor()
    assert.ok(!(await page.content()).includes('sk-never-shown'))
  })

  test('a member is told that users and settings are for administrators', async t => {
    await pages.become('Kim')
    for (const path of ['/users', '/users/audit', '/settings/secrets']) {
      const page = await pages.open(t, path)
      await page.getByRole('heading', { name: 'For administrators' }).waitFor()
    }
  })
}
