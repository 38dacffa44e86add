import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sample } from '../sample/sample.ts'
import { findChromium, openChromium } from '../src/testing/chromium.ts'
import { skipConsole } from '../src/testing/console.ts'
import { freePort } from '../src/testing/free-port.ts'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { until } from '../src/testing/until.ts'
import { startServer } from './server.ts'

const executable = findChromium()

/** What the terminal prints at the first start is all that one needs. */
test('by the console alone: from the first start to an own model, an agent, a job that outlives the server, a report, and the story of a call', {
  skip: skipConsole,
  timeout: 170_000,
}, async t => {
  assert.ok(executable)
  const dataDir = await temporaryFolder(t)
  const options = { dataDir, env: { PORT: String(await freePort()), LOG_LEVEL: 'info' } }
  const server = await startServer(t, options)
  const [, link = ''] = /(http\S+\/setup#\S+)/.exec(server.lines().join('\n')) ?? []
  const { pathname, hash } = new URL(link)

  const context = await openChromium(t, executable, { reducedMotion: 'reduce' })
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  const wrong: string[] = []
  page.on('pageerror', error => wrong.push(String(error)))
  page.on('console', message => {
    if (message.type() === 'error') wrong.push(message.text())
  })

  /** What follows a step that failed could only wait for what never comes. */
  let hasFailed = false
  const step = (title: string, work: () => Promise<void>) =>
    t.test(title, async one => {
      if (hasFailed) return one.skip('the step before failed')
      hasFailed = true
      await work()
      hasFailed = false
    })

  await step('the printed link makes the first administrator, and leads to the overview', async () => {
    await page.goto(`${server.url}${pathname}${hash}`)
    await page.getByLabel('Name').fill('Ada Lovelace')
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.getByLabel('Password').fill('correct horse battery')
    // Before anyone is signed in the browser says that `me` is refused.
    wrong.splice(0)
    await page.getByRole('button', { name: 'Make the account and begin' }).click()
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
    await page.getByText('0 of 3 done').waitFor()
  })

  await step('the sample model answers, the second time from the cache', async () => {
    await page.getByRole('link', { name: 'Try the sample model' }).click()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('img', { name: /the largest is number 4\.$/ }).waitFor()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByText('from the cache', { exact: true }).waitFor()
  })

  await step('an own file becomes a model that answers', async () => {
    await page.getByRole('link', { name: 'Models', exact: true }).first().click()
    await page.getByRole('button', { name: 'Upload a model' }).click()
    await page.getByLabel('Choose an ONNX file').setInputFiles(sample.path)
    await page.getByLabel('Name', { exact: true }).fill('mine')
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    await page.getByText(/Version 1, loaded in [\d.]+ m?s/).waitFor()
    await page.getByRole('dialog').getByText('Close', { exact: true }).click()
    await page.getByRole('link', { name: 'mine', exact: true }).click()
    await page.getByRole('heading', { name: 'mine', level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('img', { name: /^probabilities: 10 values/ }).waitFor()
  })

  await step('an agent of a template streams its answer, with the tool it called', async () => {
    await page.getByRole('link', { name: 'Agents', exact: true }).first().click()
    await page.getByRole('button', { name: 'New agent' }).first().click()
    await page.getByRole('radio', { name: /Assistant/ }).check({ force: true })
    await page.getByRole('button', { name: 'Make the draft' }).click()
    await page.getByRole('button', { name: 'Please call time' }).click()
    const chat = page.getByRole('log', { name: 'Conversation' })
    await chat.getByText('Used time').waitFor()
    await chat.getByText('The tool time answered:').waitFor()
  })

  await step('a job goes on after kill -9, on a page that was never loaded anew', async () => {
    await page.getByRole('link', { name: 'Jobs', exact: true }).first().click()
    await page.getByRole('button', { name: 'Start the sample batch' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Start the sample batch' }).click()
    await page.getByRole('heading', { name: 'Batch job', level: 1 }).waitFor()
    await page.getByText('Now kill the server and start it again.').waitFor()
    await page.evaluate('globalThis.isTheSamePage = true')
    const progress = page.getByRole('progressbar').first()
    await progress.waitFor()
    await until(
      async () => Number(await progress.getAttribute('aria-valuenow')) > 0,
      'the first rows are done',
    )
    await server.kill()
    await page
      .getByText(/The server does not answer/)
      .first()
      .waitFor()
    await startServer(t, options)
    await page
      .getByText(/^Taken up again/i)
      .first()
      .waitFor({ timeout: 60_000 })
    await page.getByText('done', { exact: true }).first().waitFor({ timeout: 90_000 })
    assert.equal(await page.evaluate('globalThis.isTheSamePage'), true)
    // While the server was away the browser said so.
    wrong.splice(0)
  })

  await step('a report is made of its example, and shown page by page', async () => {
    await page.getByRole('link', { name: 'Reports', exact: true }).first().click()
    await page.getByRole('button', { name: 'Make a report', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Make the report' }).click()
    await page.getByRole('img', { name: 'Page 1', exact: true }).waitFor()
  })

  await step('a call from elsewhere is in the log at once, and tells its whole story', async () => {
    await page.getByRole('link', { name: 'Logs', exact: true }).first().click()
    await page.getByText('Live', { exact: true }).last().waitFor()
    const reply = await fetch(`${server.url}/api/v1/models`, {
      headers: { authorization: `Bearer ${server.key}`, 'x-request-id': 'from-elsewhere' },
    })
    assert.equal(reply.status, 200)
    await page.getByRole('textbox', { name: 'Query' }).fill('request:from-elsewhere')
    await page.getByText('1 line shown').waitFor()
    await page.getByRole('link', { name: 'the story of this request' }).first().click()
    await page.getByRole('heading', { name: 'Request', level: 1 }).waitFor()
    await page.getByRole('table', { name: 'Story' }).getByText('/api/v1/models').first().waitFor()
  })
  assert.deepEqual(wrong, [])
})
