import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../kit/log.ts'
import { defer } from '../testing/defer.ts'
import { testHouse } from '../testing/house.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { testDatabase } from '../testing/test-database.ts'
import { build } from './build.ts'
import { houseKeys, openGround } from './choose.ts'
import { readConfig } from './config.ts'
import { logKeeper } from './log-keeper.ts'

test('a server that requires no model is not ready either before it has read which models there are', async t => {
  const { appUrl, adminUrl } = await testDatabase(t)
  const config = readConfig({ DATABASE_URL: appUrl, DATA_DIR: await temporaryFolder(t) })
  const declared = {
    file: { path: undefined, folder: config.DATA_DIR, content: {} },
    models: [],
    templates: [],
  }
  const place = { adminUrl, appUrl, role: undefined, embedded: undefined }
  const ground = await openGround(config, place, silentLog)
  defer(t, ground.close)
  const house = await build(config, declared, ground, await houseKeys(config), logKeeper(config, silentLog))
  defer(t, async () => {
    await house.app.close()
    await house.close()
  })

  const before = await house.app.inject('/health')
  assert.equal(before.statusCode, 503)
  assert.deepEqual(before.json(), { status: 'unavailable', reasons: ['The server is starting.'] })
  assert.equal((await house.app.inject('/v2/health/ready')).statusCode, 503)
  await house.open()
  assert.equal((await house.app.inject('/health')).statusCode, 200)
})

test('a server that is started on the files of another database says so at once', async t => {
  const dataDir = await temporaryFolder(t)
  const { close } = await testHouse(
    t,
    {},
    { share: { dataDir, databaseUrl: (await testDatabase(t)).appUrl } },
  )
  await close()
  const events: string[] = []
  const log = { ...silentLog, error: (event: string) => void events.push(event) }
  const databaseUrl = (await testDatabase(t)).appUrl
  await testHouse(t, {}, { log, share: { dataDir, databaseUrl } })
  assert.deepEqual(events, ['file-store-foreign'])
})
