import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { isAlive, until } from './processes.ts'
import { startServer } from './server.ts'

const hasStrace =
  process.platform === 'linux' && spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0

test('a disk that fails to write is never answered 2xx, and ends the server within 5 s', {
  skip: hasStrace ? false : 'needs strace, and the right to trace',
}, async t => {
  const dataDir = await temporaryFolder(t)
  const server = await startServer(t, { dataDir, env: { SAMPLE_MODEL: 'false' } })
  const bucket = await server.call('POST', '/storage/v1/bucket', { name: 'docs' })
  assert.equal(bucket.status, 200)
  const put = (name: string) =>
    server.fetch(`/storage/v1/object/docs/${name}`, { method: 'POST', body: 'bytes' }).then(
      ({ status }) => status,
      () => 0,
    )
  assert.equal(await put('before'), 200)
  const faults = ['-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO']
  const strace = spawn('strace', ['-f', '-o', '/dev/null', ...faults, '-p', String(server.pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  t.after(() => strace.kill('SIGKILL'))
  await once(strace.stderr, 'data')
  const startedAt = performance.now()
  assert.equal(await put('after'), 500)
  await until('the server has ended', async () => !isAlive(server.pid))
  assert.ok(performance.now() - startedAt < 5000)
  strace.kill('SIGKILL')

  const again = await startServer(t, { dataDir, env: { SAMPLE_MODEL: 'false' } })
  const { body } = await again.call('POST', '/storage/v1/object/list/docs', { prefix: '' })
  assert.deepEqual(
    (body as unknown as { name: string }[]).map(({ name }) => name),
    ['before'],
  )
  await again.stop()
})
