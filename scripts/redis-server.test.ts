import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../server/src/testing/temporary-folder.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The test run on a machine without redis-server, and without a way for it to be installed. */
async function runWithoutRedis(scope: { after(callback: () => Promise<void>): void }, files: string[]) {
  const folder = await temporaryFolder(scope)
  for (const program of ['sh', 'ps']) {
    const found = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim()
    if (found) symlinkSync(found, join(folder, program))
  }
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=roundhouse-source', 'scripts/run-tests.ts', ...files],
    { cwd: root, encoding: 'utf8', env: { ...process.env, PATH: folder, NODE_TEST_CONTEXT: undefined } },
  )
  return { status, stdout, stderr }
}

test('without redis-server the tests of Redis are skipped by name, loudly, and the others run', async t => {
  const redis = 'server/test/redis.test.ts'
  const { status, stdout, stderr } = await runWithoutRedis(t, [redis, 'server/src/kit/backoff.test.ts'])
  assert.equal(status, 0, stderr)
  assert.match(stdout, /pass [1-9]/)
  assert.equal(stderr.split(`NOT TESTED`).length - 1, 2, 'at the start and at the end')
  assert.ok(stderr.includes(`  ${redis}\n`))

  const nothing = await runWithoutRedis(t, [redis])
  assert.equal(nothing.status, 1)
  assert.match(nothing.stderr, /NOT TESTED/)
})
