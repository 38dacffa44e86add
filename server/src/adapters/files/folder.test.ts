import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { testFileStoreContract } from '../../ports/file-store.contract.ts'
import { openFolderStore } from './folder.ts'

let base: string
before(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'roundhouse-files-')))
})
after(() => rm(base, { recursive: true }))

const freshFolder = () => mkdtemp(join(base, 'store-'))

testFileStoreContract('folder store', async () => await openFolderStore({ folder: await freshFolder() }), {
  links: false,
})

test('makes its folder, and gives paths without links in them', async () => {
  const folder = join(await freshFolder(), 'not', 'there')
  await mkdir(join(base, 'real'))
  await symlink(join(base, 'real'), join(base, 'link'))
  await (await openFolderStore({ folder })).check()
  const linked = await openFolderStore({ folder: join(base, 'link') })
  await linked.put('a/b', Readable.from(['bytes']), { maxBytes: 10 })
  const { path, release } = await linked.local('a/b')
  assert.equal(path, join(base, 'real', 'a', 'b'))
  await release()
})

test('leaves a stream that is too long to its owner, so that an upload can still be answered', async () => {
  const store = await openFolderStore({ folder: await freshFolder() })
  const source = Readable.from([Buffer.alloc(20), Buffer.alloc(20)])
  await assert.rejects(store.put('big', source, { maxBytes: 10 }), { code: 'payload-too-large' })
  assert.equal(source.destroyed, false)
  source.destroy()
})

test('does not follow a link in the place of a file', async () => {
  const folder = await freshFolder()
  const store = await openFolderStore({ folder })
  await writeFile(join(base, 'secret'), 'secret')
  await symlink(join(base, 'secret'), join(folder, 'link'))
  await assert.rejects(store.local('link'), { code: 'not-found' })
  await assert.rejects(store.read('link'), { code: 'not-found' })
  await assert.rejects(store.copy('link', 'copy'), { code: 'not-found' })
  for await (const { key } of store.list('')) assert.fail(`listed ${key}`)
  await store.put('link', Readable.from(['own']), { maxBytes: 10 })
  assert.equal(await readFile(join(base, 'secret'), 'utf8'), 'secret')
})

test('a process killed in the middle of a write leaves no visible file, and its remains go an hour later', async () => {
  const folder = await freshFolder()
  const program = `
    import { Readable } from 'node:stream'
    import { openFolderStore } from ${JSON.stringify(new URL('./folder.ts', import.meta.url).href)}
    const store = await openFolderStore({ folder: ${JSON.stringify(folder)} })
    const source = new Readable({ read() {} })
    source.push(Buffer.alloc(100_000))
    const stored = store.put('killed', source, { maxBytes: 1_000_000 })
    setInterval(() => process.stdout.write('.'), 20)
    await stored
  `
  const flags = ['--conditions=roundhouse-source', '--input-type=module', '--eval', program]
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const written = async () => (await readdir(join(folder, '.tmp'))).length > 0
  for await (const _ of child.stdout) if (await written()) break
  child.kill('SIGKILL')
  await exited

  const store = await openFolderStore({ folder })
  for await (const { key } of store.list('')) assert.fail(`listed ${key}`)
  await assert.rejects(store.local('killed'), { code: 'not-found' })
  const remains = await readdir(join(folder, '.tmp'))
  assert.equal(remains.length, 1, 'a young temporary file may belong to another replica')

  const hoursAgo = new Date(Date.now() - 2 * 3_600_000)
  await utimes(join(folder, '.tmp', remains[0] ?? ''), hoursAgo, hoursAgo)
  await openFolderStore({ folder })
  assert.deepEqual(await readdir(join(folder, '.tmp')), [])
})

test('a failed write leaves no temporary file', async () => {
  const folder = await freshFolder()
  const store = await openFolderStore({ folder })
  await assert.rejects(store.put('big', Readable.from([Buffer.alloc(20)]), { maxBytes: 10 }))
  await assert.rejects(store.copy('never', 'copy'))
  assert.deepEqual(await readdir(folder), ['.tmp'])
  assert.deepEqual(await readdir(join(folder, '.tmp')), [])
})

const mountable = process.platform === 'linux' && spawnSync('unshare', ['-m', 'true']).status === 0

test('a full disk is told as storage-full, keeps nothing, and works again once there is room', {
  skip: !mountable && 'needs the right to mount (root on Linux)',
}, async () => {
  const folder = await freshFolder()
  const program = `
    import assert from 'node:assert/strict'
    import { statfs } from 'node:fs/promises'
    import { Readable } from 'node:stream'
    import { openFolderStore } from ${JSON.stringify(new URL('./folder.ts', import.meta.url).href)}
    const store = await openFolderStore({ folder: ${JSON.stringify(folder)} })
    const free = async () => (await statfs(${JSON.stringify(folder)})).bavail
    const put = (key, bytes) => store.put(key, Readable.from([Buffer.alloc(bytes)]), { maxBytes: 1e9 })
    const freeAtFirst = await free()
    await assert.rejects(put('big', 4_000_000), { code: 'storage-full', status: 507 })
    assert.equal(await free(), freeAtFirst)
    await store.check()
    await put('fits', 4096 * (await free()))
    await assert.rejects(store.check(), { code: 'storage-full' })
    await assert.rejects(put('more', 1), { code: 'storage-full' })
    await store.remove('fits')
    await put('small', 1000)
    console.log('checked')
  `
  const command =
    'mount -t tmpfs -o size=1m none "$1" && exec "$2" --conditions=roundhouse-source --input-type=module --eval "$3"'
  const flags = ['-m', 'sh', '-c', command, 'sh', folder, process.execPath, program]
  const { stdout, stderr } = spawnSync('unshare', flags, { encoding: 'utf8', timeout: 60_000 })
  assert.equal(stdout, 'checked\n', stderr)
})
