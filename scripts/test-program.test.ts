import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import { chromium } from './chromium.ts'
import { pgvector } from './pgvector.ts'
import { redisServer } from './redis-server.ts'
import { s3Server } from './s3-server.ts'
import { isNeededBy, notTested } from './test-program.ts'

const files = globSync('{sdk,server,scripts,console}/**/*.test.ts', { exclude: ['**/node_modules/**'] })

test('the tests that need a program are left out by name where there is none, and no others', () => {
  for (const [program, needed, other] of [
    [s3Server, 'server/src/adapters/files/s3.test.ts', 'server/src/adapters/files/folder.test.ts'],
    [redisServer, 'server/test/redis.test.ts', 'server/test/s3.test.ts'],
    [pgvector, 'server/src/knowledge/pgvector.test.ts', 'server/test/knowledge.test.ts'],
    [chromium, 'server/test/widget.test.ts', 'server/test/embeds.test.ts'],
  ] as const) {
    const needing = files.filter(file => isNeededBy(program, file))
    assert.ok(needing.includes(needed), needed)
    assert.ok(files.includes(other) && !needing.includes(other), other)
    const said = notTested(program, needing)
    assert.match(said, /^NOT TESTED: /)
    for (const file of needing) assert.ok(said.includes(`  ${file}\n`))
  }
})
