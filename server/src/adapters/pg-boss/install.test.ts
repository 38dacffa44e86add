import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { testDatabase } from '../../testing/test-database.ts'
import { installQueue } from './install.ts'
import { queueNames, queueSchema } from './names.ts'

const { adminUrl } = await testDatabase({ after })

test('what is installed is exactly what this version of the queue expects', async t => {
  const boss = new PgBoss({
    connectionString: adminUrl,
    schema: queueSchema,
    migrate: false,
    supervise: false,
    schedule: false,
  })
  t.after(() => boss.stop({ graceful: false }))
  await boss.start()
  const drift = await boss.detectSchemaDrift()
  assert.equal(drift.ok, true, JSON.stringify(drift, null, 2))
})

test('installing again changes nothing and stays in the transaction of the caller', async t => {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  t.after(() => client.end())
  await client.query('begin')
  await installQueue(client)
  assert.equal(client.getTransactionStatus(), 'T')
  await client.query('rollback')
  const { rows } = await client.query(`select name from ${queueSchema}.queue order by name`)
  assert.deepEqual(
    rows.map(row => row.name),
    queueNames.flatMap(name => [name, `${name}-dead`]).sort(),
  )
})

test('an installation that is rolled back leaves nothing', async t => {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  t.after(() => client.end())
  await client.query('begin')
  await client.query(`drop schema ${queueSchema} cascade`)
  await installQueue(client)
  await client.query(`drop schema ${queueSchema} cascade`)
  await installQueue(client)
  await client.query('rollback')
  const { rowCount } = await client.query(`select from ${queueSchema}.queue`)
  assert.equal(rowCount, 2 * queueNames.length)
})
