import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CreatedReport } from '../contract/report.ts'
import { serve } from '../testing/serve.ts'
import { createClient } from './client.ts'

const id = '0199a6e0-0000-7000-8000-000000000001'
const report: CreatedReport = {
  id,
  owner_id: null,
  message_id: id,
  template: 'forecast-report',
  version: 1,
  title: 'Sales',
  visibility: 'private',
  object_name: `house/${id}.pdf`,
  pages: 2,
  size_bytes: 1000,
  created_at: '2026-11-21T12:00:00.000Z',
  updated_at: '2026-11-21T12:00:00.000Z',
  url: 'http://127.0.0.1:3000/storage/v1/object/sign/reports/a.pdf?token=a',
  expires_at: '2026-11-21T13:00:00.000Z',
  missing_characters: [],
}
const request = {
  template: 'forecast-report',
  data: { title: 'Sales', forecast: [{ label: 'Q1', value: 1 }] },
} as const

test('a report is waited for longer than the answers to other calls, unless the call says otherwise', async t => {
  const late = Promise.withResolvers<void>()
  const baseUrl = await serve(t, async (asked, response) => {
    if (asked.url !== '/api/v1/reports') return
    await late.promise
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(report))
  })
  const client = createClient({ baseUrl, timeoutMs: 100, maxRetries: 0 })
  const made = client.reports.create(request)
  await assert.rejects(client.cache.metrics(), { reason: 'timeout' })
  await assert.rejects(client.reports.create(request, { timeoutMs: 100 }), { reason: 'timeout' })
  late.resolve()
  assert.deepEqual(await made, report)
})
