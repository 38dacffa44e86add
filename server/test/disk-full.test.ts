import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { mlpModel } from '../src/testing/onnx/models.ts'
import { until } from './processes.ts'
import { type Server, startServer } from './server.ts'

const megabyte = 1024 * 1024

/** A disk of its own, or why there is none. */
async function mountDisk(t: TestContext, megabytes: number): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'rh-disk-'))
  const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', folder]
  t.after(() => {
    spawnSync('umount', ['-l', folder])
    return rm(folder, { recursive: true })
  })
  const mounted = process.platform === 'linux' && spawnSync('mount', options).status === 0
  if (!mounted) {
    t.skip('needs the right to mount a file system: run as root on Linux')
    return undefined
  }
  return folder
}

const path = (name: string) => `/storage/v1/object/docs/${name}`

async function put(server: Server, name: string, megabytes: number): Promise<number> {
  const { status } = await server.fetch(path(name), {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.alloc(megabytes * megabyte, name),
  })
  return status
}

async function isThere(server: Server, name: string, megabytes: number): Promise<boolean> {
  const reply = await server.fetch(path(name))
  const bytes = Buffer.from(await reply.arrayBuffer())
  return reply.status === 200 && bytes.equals(Buffer.alloc(megabytes * megabyte, name))
}

test('a full disk answers 507 and saves nothing half, reads go on, and writes work again without a restart', async t => {
  const dataDir = await mountDisk(t, 400)
  if (dataDir === undefined) return
  const server = await startServer(t, { dataDir, env: { SAMPLE_MODEL: 'false' } })
  const model = await server.push('small', mlpModel({ inputs: 4, hidden: 4, outputs: 2, seed: 1 }))
  const made = await server.call('POST', '/storage/v1/bucket', { name: 'docs' })
  assert.equal(made.status, 200)

  const stored: string[] = []
  for (let index = 0; ; index += 1) {
    assert.ok(index < 40, 'the disk is never full')
    // Side by side: none may take the last place of another.
    const names = [0, 1, 2, 3].map(part => `file-${index}-${part}`)
    const statuses = await Promise.all(names.map(name => put(server, name, 8)))
    stored.push(...names.filter((_, part) => statuses[part] === 200))
    if (!statuses.every(status => status === 200)) {
      assert.deepEqual([...new Set(statuses.filter(status => status !== 200))], [507])
      break
    }
  }
  assert.ok(stored.length > 0)
  for (const name of stored) assert.ok(await isThere(server, name, 8), name)
  const { body: listed } = await server.call('POST', '/storage/v1/object/list/docs', {
    prefix: '',
    limit: 1000,
  })
  const names = (listed as unknown as { name: string }[]).map(({ name }) => name)
  assert.deepEqual(names.sort(), stored.sort(), 'what was refused is not listed')

  // Not one block is left: neither files nor the database can grow.
  const filler = join(dataDir, 'filler')
  const { bavail, bsize } = await statfs(dataDir)
  await writeFile(filler, Buffer.alloc(bavail * bsize)).catch(() => {})
  assert.equal(await put(server, 'late', 1), 507)
  assert.ok(await isThere(server, stored[0] ?? '', 8))
  const prediction = await server.predict(model.id, { x: [[1, 2, 3, 4]] })
  assert.equal(prediction.status, 201, JSON.stringify(prediction.body))

  await rm(filler)
  for (const name of stored.splice(0, stored.length / 2))
    assert.equal((await server.call('DELETE', path(name))).status, 200)
  await until('files are stored again', async () => (await put(server, `again-${Date.now()}`, 8)) === 200)
  for (const name of stored) assert.ok(await isThere(server, name, 8), name)
  await server.stop()
})
