import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, chown, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Log } from '../../../kit/log.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { makePrivateFolder, removeLeftovers, syncFolder, temporaryName } from './folders.ts'
import { folderName, type Place } from './place.ts'
import { runTool } from './processes.ts'

export const adminRole = 'roundhouse_admin'
export const appRole = 'roundhouse_app'
export const databaseName = 'roundhouse'

export type Passwords = { readonly admin: string; readonly app: string }

const passwordsFile = 'roundhouse-passwords.json'
const temporaryPrefix = 'postgres.init-'

/**
 * Creates the data folder with both roles, their passwords and the database, and makes it visible in one rename:
 * killed anywhere, or started twice at once, there is either a complete folder or none.
 */
export async function createCluster(place: Place, binaries: Binaries, log: Log): Promise<void> {
  const startedAt = performance.now()
  const { account, base } = place
  log.info('postgres-init', { folder: place.visible, detail: 'Creating the database; this happens once.' })
  await removeLeftovers(base, temporaryPrefix)
  const name = temporaryName(temporaryPrefix)
  const temporary = join(base, name)
  const passwordPath = join(base, `${name}.password`)
  try {
    const passwords = { admin: randomBytes(24).toString('hex'), app: randomBytes(24).toString('hex') }
    await makePrivateFolder(temporary, account)
    await writePrivate(passwordPath, `${passwords.admin}\n`, account)
    await runTool(binaries.initdb, initArguments(temporary, passwordPath), { account })
    // Inside the data folder, so that the folder and the passwords that open it appear together.
    await writePrivate(join(temporary, passwordsFile), JSON.stringify(passwords), account)
    await runTool(
      binaries.postgres,
      ['--single', '-j', '-D', temporary, '-c', 'exit_on_error=true', 'postgres'],
      {
        account,
        input: bootstrapSql(passwords.app),
      },
    )
    await publish(place, temporary)
  } finally {
    await rm(passwordPath, { force: true })
    await rm(temporary, { recursive: true, force: true })
  }
  log.info('postgres-init-end', {
    folder: place.visible,
    duration_ms: Math.round(performance.now() - startedAt),
  })
}

/** @throws Error when the folder holds another major version than the programs, which they cannot read. */
export async function checkVersion(folder: string, binaries: Binaries): Promise<void> {
  const found = (await readFile(join(folder, 'PG_VERSION'), 'utf8').catch(() => '')).trim()
  const major = binaries.version.split('.')[0]
  if (found === major) return
  if (!found)
    throw new Error(
      `${folder} is not a database folder: it has no PG_VERSION. Set DATA_DIR to another folder.`,
    )
  throw new Error(
    `${folder} was made by PostgreSQL ${found}, and this version of Roundhouse carries PostgreSQL ${major}. Export with the version that made it, then import into an empty DATA_DIR.`,
  )
}

export async function readPasswords(folder: string): Promise<Passwords> {
  const path = join(folder, passwordsFile)
  const value: unknown = JSON.parse(await readFile(path, 'utf8'))
  if (typeof value === 'object' && value && 'admin' in value && 'app' in value) {
    const { admin, app } = value
    if (typeof admin === 'string' && typeof app === 'string') return { admin, app }
  }
  throw new Error(
    `${path} does not hold the passwords of the database. Restore it from a backup of the folder.`,
  )
}

function initArguments(folder: string, passwordPath: string): string[] {
  return [
    `--pgdata=${folder}`,
    `--username=${adminRole}`,
    `--pwfile=${passwordPath}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Postgres' own collation: an update of the system's C library or ICU cannot corrupt an index.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    // 1.05 s with one fsync per file, 0.84 s with one for the file system.
    ...(process.platform === 'linux' ? ['--sync-method=syncfs'] : []),
  ]
}

/** Statements for the single-user mode end at an empty line. The password is hexadecimal. */
function bootstrapSql(appPassword: string): string {
  return [
    `create role ${appRole} login nosuperuser nocreatedb nocreaterole password '${appPassword}';`,
    `create database ${databaseName} owner ${adminRole};`,
    `revoke all on database ${databaseName} from public;`,
    `grant connect on database ${databaseName} to ${appRole};`,
    '',
  ].join('\n\n')
}

async function publish(place: Place, temporary: string): Promise<void> {
  const folder = join(place.base, folderName(place, randomUUID()))
  try {
    await rename(temporary, folder)
  } catch (error) {
    if (isTaken(error)) return
    throw error
  }
  await syncFolder(place.base)
  if (folder === place.visible) return
  try {
    await symlink(folder, place.visible)
    await syncFolder(dirname(place.visible))
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    if (!isTaken(error)) throw error
  }
}

/** Another first start was faster: its folder is the one. */
function isTaken(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOTEMPTY' || code === 'EEXIST' || (process.platform === 'win32' && code === 'EPERM')
}

async function writePrivate(path: string, text: string, account: Account | undefined): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: 'wx', flush: true })
  await chmod(path, 0o600)
  if (account) await chown(path, account.uid, account.gid)
}
