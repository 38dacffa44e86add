import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pg from 'pg'
import { silentLog } from '../../kit/log.ts'
import { busContract } from '../../ports/bus.contract.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { testDatabase } from '../../testing/test-database.ts'
import { openPostgresBus } from './bus.ts'

const { adminUrl, appUrl } = await testDatabase({ after }, await temporaryFolder({ after }))
const open = (applicationName = 'rh-test') =>
  openPostgresBus({ url: appUrl, applicationName, log: silentLog })

busContract('postgres bus', () => open())

test('one replica hears what another publishes', async t => {
  const [here, there] = await Promise.all([open(), open()])
  t.after(() => Promise.all([here.close(), there.close()]))
  const heard = Promise.withResolvers<string>()
  here.subscribe('models', heard.resolve)
  await there.publish('models', 'price-tft')
  assert.equal(await heard.promise, 'price-tft')
})

test('after its connection is cut the bus tells of the gap and hears again', async t => {
  const bus = await open('rh-cut')
  t.after(() => bus.close())
  const gap = Promise.withResolvers<void>()
  const heard = Promise.withResolvers<string>()
  bus.onGap(gap.resolve)
  bus.subscribe('models', heard.resolve)

  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  const { rowCount } = await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rh-cut'",
  )
  await admin.end()
  assert.equal(rowCount, 1)

  await gap.promise
  await bus.publish('models', 'again')
  assert.equal(await heard.promise, 'again')
})

test('opening on a server that does not exist says so', async () => {
  const url = 'postgresql://nobody:secret@127.0.0.1:1/nothing'
  await assert.rejects(
    openPostgresBus({ url, applicationName: 'rh-test', log: silentLog }),
    (error: Error & { code?: string }) =>
      error.code === 'database-unavailable' && !error.message.includes('secret'),
  )
})
