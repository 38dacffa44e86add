import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { createClient } from '@roundhouse/sdk'
import type { ForecastReport } from '@roundhouse/sdk/contract'
import { testHouse, testKey } from '../src/testing/house.ts'

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10"><rect width="40" height="10" fill="#24527a"/></svg>`
const data: ForecastReport = {
  title: 'Sales 2027',
  unit: 'k€',
  confidence: 0.9,
  history: [{ label: 'Q4 2026', value: 11.5 }],
  forecast: [
    { label: 'Q1 2027', value: 12, lower: 10, upper: 14 },
    { label: 'Q2 2027', value: -3, lower: -6.5, upper: 0 },
  ],
  assumptions: ['#panic("no code")'],
}

test('a forecast report with the logo of its user comes out as a PDF behind a link that ends', async t => {
  const house = await testHouse(t)
  const user = await house.user({ scopes: ['files', 'read'] })
  const other = await house.user()
  const client = createClient({ baseUrl: house.url, token: user.key })

  const logo = `${user.id}/logo.svg`
  const uploaded = await user.fetch(`/storage/v1/object/agent-logos/${logo}`, {
    method: 'POST',
    headers: { 'content-type': 'image/svg+xml' },
    body: svg,
  })
  assert.equal(uploaded.status, 200, await uploaded.text())

  const messageId = randomUUID()
  const report = await client.reports.create({
    template: 'forecast-report',
    data: { ...data, logo },
    message_id: messageId,
  })
  assert.equal(report.object_name, `${user.id}/${messageId}.pdf`)
  assert.ok(report.url && report.expires_at && Date.parse(report.expires_at) > Date.now())

  // The link names the public address of the house; here it listens elsewhere.
  const link = new URL(report.url)
  const file = await house.anonymous(link.pathname + link.search)
  assert.equal(file.status, 200)
  assert.equal(file.headers.get('content-type'), 'application/pdf')
  const pdf = Buffer.from(await file.arrayBuffer())
  assert.equal(pdf.length, report.size_bytes)
  assert.ok(pdf.subarray(0, 5).equals(Buffer.from('%PDF-')))
  assert.equal(
    file.headers.get('content-disposition'),
    `attachment; filename="Sales 2027.pdf"; filename*=UTF-8''Sales%202027.pdf`,
  )
  const token = link.searchParams.get('token') ?? ''
  const edited = await house.anonymous(`${link.pathname}?token=${token.slice(0, -1)}`)
  assert.notEqual(edited.status, 200)

  const page = await client.reports.preview(report.id, 1)
  assert.equal(Buffer.from(page.subarray(1, 4)).toString(), 'PNG')
  await assert.rejects(client.reports.preview(report.id, 99), { code: 'resource-not-found' })

  assert.equal((await other.fetch(`/api/v1/reports/${report.id}`)).status, 404)
  assert.equal((await other.fetch(`/storage/v1/object/reports/${report.object_name}`)).status >= 400, true)
  assert.equal((await house.anonymous(`/api/v1/reports/${report.id}`)).status, 401)

  await client.reports.create({
    template: 'conversation-transcript',
    data: { title: 'Talk', messages: [{ role: 'user', text: 'Hi' }] },
  })
  const listed = []
  for await (const each of client.reports.iterate({ limit: 1 })) listed.push(each.title)
  assert.deepEqual(listed, ['Talk', 'Sales 2027'])

  await client.reports.remove(report.id)
  await assert.rejects(client.reports.get(report.id), { code: 'resource-not-found' })
  assert.notEqual((await house.anonymous(link.pathname + link.search)).status, 200)
})

test('a page that a browser has already is answered without its bytes, until the report is made anew', async t => {
  const house = await testHouse(t)
  const user = await house.user()
  const client = createClient({ baseUrl: house.url, token: user.key })
  const request = {
    template: 'forecast-report',
    message_id: randomUUID(),
    visibility: 'public',
    data: { title: 'Sales: a/b …', forecast: [{ label: 'Q1', value: 12 }] },
  } as const
  const report = await client.reports.create(request)
  assert.equal(new URL(report.url ?? '').searchParams.get('download'), 'Sales a b ….pdf')
  const page = (tag?: string) =>
    house.anonymous(`/api/v1/reports/${report.id}/pages/1.png`, {
      headers: tag === undefined ? {} : { 'if-none-match': tag },
    })
  const first = await page()
  assert.equal(first.status, 200)
  assert.equal(first.headers.get('cache-control'), 'private, no-cache')
  const etag = first.headers.get('etag') ?? ''
  const known = await page(etag)
  assert.deepEqual([known.status, (await known.arrayBuffer()).byteLength], [304, 0])
  await client.reports.create(request)
  assert.equal((await page(etag)).status, 200)
})

test('thirty thumbnails at once are all shown, to a caller without a credential too', async t => {
  const house = await testHouse(t)
  const user = await house.user()
  const client = createClient({ baseUrl: house.url, token: user.key })
  const messages = Array.from({ length: 150 }, (_, index) => ({
    role: 'user' as const,
    text: `Message ${index}\n\n${'Some words. '.repeat(150)}`,
  }))
  const report = await client.reports.create({
    template: 'conversation-transcript',
    visibility: 'public',
    data: { title: 'Long', messages },
  })
  assert.ok(report.pages >= 30, `${report.pages} pages`)
  const statuses = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const reply = await house.anonymous(`/api/v1/reports/${report.id}/pages/${index + 1}.png`)
      await reply.arrayBuffer()
      return reply.status
    }),
  )
  assert.deepEqual([...new Set(statuses)], [200])
})

test('each template tells the form of its data, and its example is accepted as it is', async t => {
  const house = await testHouse(t)
  const user = await house.user()
  const client = createClient({ baseUrl: house.url, token: user.key })
  const { data: templates } = await client.reports.templates()
  assert.deepEqual(
    templates.map(({ name, version }) => `${name} ${version}`),
    ['forecast-report 1', 'prediction-batch-summary 1', 'conversation-transcript 1'],
  )
  for (const { name, version, schema, example } of templates) {
    assert.equal(schema.additionalProperties, false)
    assert.ok(typeof example === 'object' && example !== null)
    const report = await client.reports.create({ template: name, version, data: { ...example } })
    assert.ok(report.pages > 0)
  }
})

test('data of another form, larger than 2 MB, or without the right are refused before anything is made', async t => {
  const house = await testHouse(t)
  const user = await house.user()
  const reader = await house.user({ scopes: ['read'] })
  const post = (fetch: typeof user.fetch, value: unknown) =>
    fetch('/api/v1/reports', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(value),
    })
  const refused = async (reply: Response) => [reply.status, ((await reply.json()) as { code: string }).code]
  const body = { template: 'forecast-report', data }
  assert.deepEqual(await refused(await post(reader.fetch, body)), [403, 'forbidden'])
  assert.deepEqual(await refused(await post(house.anonymous, body)), [401, 'unauthenticated'])
  assert.deepEqual(
    await refused(await post(user.fetch, { ...body, data: { ...data, script: '#panic()' } })),
    [400, 'invalid-request'],
  )
  assert.deepEqual(await refused(await post(user.fetch, { ...body, template: '../../etc' })), [
    400,
    'invalid-request',
  ])
  assert.deepEqual(
    await refused(await post(user.fetch, { ...body, data: { title: 'x'.repeat(2_100_000) } })),
    [413, 'payload-too-large'],
  )
  const { data: rows } = (await (await user.fetch('/api/v1/reports')).json()) as { data: unknown[] }
  assert.deepEqual(rows, [])
})

test('a report costs what the administrator says, and one that cannot be paid or made costs nothing', async t => {
  const house = await testHouse(t)
  const user = await house.user({ scopes: ['files', 'read'], plan: 'free' })
  const administration = createClient({ baseUrl: house.url, token: testKey })
  const client = createClient({ baseUrl: house.url, token: user.key })
  await administration.admin.prices.update({ report: 600 })
  const order = { template: 'forecast-report', data } as const
  await client.reports.create(order)
  const { balance, held, ledger } = await client.credits.get()
  assert.deepEqual(
    [balance, held, ledger[0]?.amount, ledger[0]?.reason],
    [400, 0, -600, 'report forecast-report'],
  )
  await assert.rejects(client.reports.create(order), { code: 'insufficient-credits' })
  assert.equal((await client.reports.list()).data.length, 1)
  await administration.admin.prices.update({ report: 300 })
  const missing = { ...order, data: { ...data, logo: `${user.id}/none.svg` } }
  await assert.rejects(client.reports.create(missing), { code: 'invalid-request' })
  assert.deepEqual(await client.credits.get().then(({ balance, held }) => [balance, held]), [400, 0])
})
