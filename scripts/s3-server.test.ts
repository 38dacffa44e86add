import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import { needsS3Server, s3ServerMissing } from './s3-server.ts'

test('the tests that start an S3 server are left out by name where there is none, and no others', () => {
  const files = globSync('{sdk,server,scripts}/**/*.test.ts', { exclude: ['**/node_modules/**'] })
  const needing = files.filter(needsS3Server)
  for (const file of ['server/src/adapters/files/s3.test.ts', 'server/test/s3.test.ts'])
    assert.ok(needing.includes(file), file)
  for (const file of ['server/src/adapters/files/folder.test.ts', 'server/test/redis.test.ts'])
    assert.ok(files.includes(file) && !needing.includes(file), file)
  const said = s3ServerMissing(needing)
  assert.match(said, /^NOT TESTED: /)
  for (const file of needing) assert.ok(said.includes(`  ${file}\n`))
})
