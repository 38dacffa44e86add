import assert from 'node:assert/strict'
import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { migrate } from '../adapters/postgres/migrate.ts'
import { silentLog } from '../kit/log.ts'
import { defer } from '../testing/defer.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { testDatabase } from '../testing/test-database.ts'

const migrations = fileURLToPath(new URL('../../migrations', import.meta.url))

test('accounts from before the ledger keep their credits, and their lines add up with those of the house', async t => {
  const before = await temporaryFolder(t)
  for (const name of await readdir(migrations))
    if (name < '0008') await copyFile(join(migrations, name), join(before, name))
  const { adminUrl } = await testDatabase(t, before)
  const owner = new pg.Client({ connectionString: adminUrl, options: '-c search_path=roundhouse' })
  await owner.connect()
  defer(t, () => owner.end())
  const add = (name: string) =>
    owner.query(`insert into users (id, name, email) values (gen_random_uuid(), $1, $1 || '@example.com')`, [
      name,
    ])
  await add('ann')
  await migrate({ url: adminUrl, folder: migrations, log: silentLog })
  await add('bob')
  const { rows } = await owner.query(`
    select name, balance::int, held::int,
      array(select account || ' ' || amount from credit_entries where user_id = users.id order by id) as lines,
      (select count(distinct movement)::int from credit_entries where user_id = users.id) as movements
    from users join credit_accounts on user_id = users.id order by name`)
  const expected = { balance: 1000, held: 0, lines: ['user 1000', 'grants -1000'], movements: 1 }
  assert.deepEqual(rows, [
    { name: 'ann', ...expected },
    { name: 'bob', ...expected },
  ])
})
