import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Upload } from 'tus-js-client'
import { temporaryFolder } from '../src/testing/temporary-folder.ts'
import { until } from '../src/testing/until.ts'
import { startServer } from './server.ts'

const bytes = Buffer.alloc(8 * 1024 * 1024 + 3, 'through a killed server ')
const chunkSize = 1024 * 1024

test('kill -9 in the middle of a resumable upload: the client goes on with the next process', async t => {
  const dataDir = await temporaryFolder(t)
  const env = { SAMPLE_MODEL: 'false' }
  const first = await startServer(t, { dataDir, env })
  assert.equal((await first.call('POST', '/storage/v1/bucket', { name: 'films' })).status, 200)

  const sizes: number[] = []
  let killed: Promise<void> | undefined
  const done = new Promise<void>((resolve, reject) => {
    new Upload(bytes, {
      endpoint: `${first.url}/storage/v1/upload/resumable`,
      headers: { authorization: `Bearer ${first.key}` },
      metadata: { bucketName: 'films', objectName: 'a.mp4', contentType: 'video/mp4' },
      chunkSize,
      retryDelays: Array<number>(120).fill(500),
      onChunkComplete(size) {
        sizes.push(size)
        if (sizes.length === 3) killed = first.kill()
      },
      onSuccess: () => resolve(),
      onError: reject,
    }).start()
  })
  await until(() => killed !== undefined, 'three chunks were sent', 30_000)
  await killed
  const next = await startServer(t, { dataDir, env: { ...env, PORT: String(first.port) } })
  await done

  const stored = await next.fetch('/storage/v1/object/films/a.mp4')
  assert.ok(Buffer.from(await stored.arrayBuffer()).equals(bytes))
  // A chunk whose answer was lost was taken in all the same.
  assert.ok(sizes.length >= 8 && sizes.length <= 10, `${sizes.length} chunks were answered`)
  const left = await readdir(join(dataDir, 'files', 'uploads'), { recursive: true, withFileTypes: true })
  assert.deepEqual(
    left.filter(entry => entry.isFile()),
    [],
  )
  await next.stop()
})
