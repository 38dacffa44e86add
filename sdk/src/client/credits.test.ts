import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CreditEntry } from '../contract/credit.ts'
import { serveReplies } from '../testing/serve.ts'
import { createClient } from './client.ts'

const entry = (id: number): CreditEntry => ({
  id,
  amount: -3,
  reason: 'prediction churn@2',
  reference: `prediction:${id}`,
  request_id: null,
  created_at: '2026-11-21T12:00:00.000Z',
})

test('shows what there is, and the ledger page after page', async t => {
  const account = { balance: 97, held: 5, ledger: [entry(3)] }
  const { baseUrl, asked } = await serveReplies(
    t,
    [200, account],
    [200, { data: [entry(3)], next_cursor: 'c' }],
    [200, { data: [entry(2)], next_cursor: null }],
  )
  const { credits } = createClient({ baseUrl })
  assert.deepEqual(await credits.get(), account)
  const lines: CreditEntry[] = []
  for await (const line of credits.entries.iterate({ limit: 1 })) lines.push(line)
  assert.deepEqual(lines, [entry(3), entry(2)])
  assert.deepEqual(asked, [
    'GET /api/v1/credits',
    'GET /api/v1/credits/entries?limit=1',
    'GET /api/v1/credits/entries?limit=1&cursor=c',
  ])
})
