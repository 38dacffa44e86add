import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditList, cacheMetrics } from '@roundhouse/sdk/contract'
import { testHouse } from '../../testing/house.ts'

test('counting the cache from zero is one entry in the audit log, and what is refused is none', async t => {
  const house = await testHouse(t)
  const admin = await house.user({ role: 'admin' })
  const member = await house.user()
  const path = '/api/v1/cache/metrics/reset'
  assert.equal((await member.fetch(path, { method: 'POST' })).status, 403)
  for (const { fetch } of [admin, house]) {
    const reply = await fetch(path, { method: 'POST' })
    assert.equal(reply.status, 200)
    assert.equal(cacheMetrics.parse(await reply.json()).hits, 0)
  }
  const entries = auditList.parse(await (await house.fetch('/api/v1/admin/audit')).json()).data
  assert.deepEqual(
    entries.filter(({ action }) => action === 'cache-reset').map(({ actor, actor_id }) => [actor, actor_id]),
    [
      ['service', null],
      ['admin', admin.id],
    ],
  )
})
