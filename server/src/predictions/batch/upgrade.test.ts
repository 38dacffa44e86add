import assert from 'node:assert/strict'
import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { migrate } from '../../adapters/postgres/migrate.ts'
import { silentLog } from '../../kit/log.ts'
import { defer } from '../../testing/defer.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { testDatabase } from '../../testing/test-database.ts'

const migrations = fileURLToPath(new URL('../../../migrations', import.meta.url))

test('a bucket of the name that was open to everyone before is closed when batches come', async t => {
  const before = await temporaryFolder(t)
  for (const name of await readdir(migrations))
    if (name < '0012') await copyFile(join(migrations, name), join(before, name))
  const { adminUrl } = await testDatabase(t, before)
  const owner = new pg.Client({ connectionString: adminUrl, options: '-c search_path=roundhouse' })
  await owner.connect()
  defer(t, () => owner.end())
  await owner.query(`insert into buckets (id, public, open_folders) values ('batches', true, true)`)
  await migrate({ url: adminUrl, folder: migrations, log: silentLog })
  const { rows } = await owner.query(
    `select public, open_folders, internal from buckets where id = 'batches'`,
  )
  assert.deepEqual(rows, [{ public: false, open_folders: false, internal: false }])
  await assert.rejects(owner.query(`update buckets set public = true where id = 'batches'`), {
    constraint: 'buckets_batches_closed',
  })
})
