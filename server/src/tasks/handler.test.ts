import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClient } from '@roundhouse/sdk'
import { defineTask } from '@roundhouse/sdk/config'
import { testHouse, testKey } from '../testing/house.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { testDatabase } from '../testing/test-database.ts'
import { until } from '../testing/until.ts'

test('a run of a task that an old process does not know waits for a new one, and loses no attempt', async t => {
  const share = { databaseUrl: (await testDatabase(t)).appUrl, dataDir: await temporaryFolder(t) }
  const retry = { attempts: 1 }
  const declared = { tasks: [defineTask({ name: 'of-tomorrow', retry, run: async () => 'done' })] }
  const office = await testHouse(t, { ROLES: 'api' }, { share, declared })
  const old = await testHouse(t, { ROLES: 'worker' }, { share })
  const { tasks, jobs } = createClient({ baseUrl: office.url, token: testKey })
  const run = await tasks.run('of-tomorrow')
  const began = async () => (await jobs.get(run.job_id)).started_at !== null
  await until(began, 'the old process has had it')
  await until(async () => (await jobs.get(run.job_id)).status === 'queued', 'it is handed back')
  const waiting = await jobs.get(run.job_id)
  assert.deepEqual([waiting.attempt, waiting.error], [0, null])
  await old.close()
  await testHouse(t, { ROLES: 'worker' }, { share, declared })
  const job = await jobs.wait(run.job_id)
  assert.deepEqual([job.status, job.attempt, job.max_attempts], ['done', 1, 1])
})
