import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, realpath, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Log } from '../../../kit/log.ts'
import { type Account, chooseAccount } from './account.ts'
import { findClosedFolder, makePrivateFolder } from './folders.ts'

/** Where root keeps what its database user cannot reach elsewhere. */
const systemFolder = '/var/lib/roundhouse'

/** A unix socket path is at most 107 bytes on Linux, 103 on macOS. */
const socketPathLimitBytes = 100

export type Place = {
  readonly account: Account | undefined
  /** What users see: `dataDir/postgres`, the data folder itself or a link to it. */
  readonly visible: string
  /** The data folder, real path; undefined when there is none yet. */
  readonly folder: string | undefined
  /** Where the data folder, its log and its temporary siblings lie. Differs from dataDir when that cannot be reached. */
  readonly base: string
  /** Where a private copy of the programs goes. */
  readonly copiesFolder: string
}

/**
 * Decides who runs Postgres and where its data lie. As root, with a dataDir below a folder that the chosen user
 * may not search (a clone in /root), the data lie in /var/lib/roundhouse, with a link at `dataDir/postgres`.
 */
export async function choosePlace(options: {
  dataDir: string
  user: string | undefined
  log: Log
}): Promise<Place> {
  const created = await mkdir(options.dataDir, { recursive: true, mode: 0o711 })
  const dataDir = await realpath(options.dataDir)
  // A umask of 077 would otherwise lock the database user out of a folder we made for it.
  if (created) await chmod(dataDir, 0o711)
  const visible = join(dataDir, 'postgres')
  const entry = await lstat(visible).catch(() => undefined)
  const folder = entry ? await resolveExisting(visible) : undefined
  const account = await chooseAccount(options.user, folder ? (await stat(folder)).uid : undefined)
  if (folder && !account) await refuseForeignFolder(folder)
  const shared = { account, visible, folder, copiesFolder: account ? systemFolder : dataDir }

  if (folder && dirname(folder) !== dataDir) return { ...shared, base: dirname(folder) }
  const closed = account ? await openUp(dataDir, account) : undefined
  if (closed === undefined) return { ...shared, base: dataDir }
  if (folder) {
    throw new Error(
      `The database in ${visible} cannot be reached by user ${account?.name}, who runs it: ${closed} may not be searched. Run chmod o+x ${closed}, or move the folder.`,
    )
  }
  const base = join(systemFolder, createHash('sha256').update(dataDir).digest('hex').slice(0, 16))
  for (const path of [systemFolder, base]) {
    await mkdir(path, { recursive: true })
    await chmod(path, 0o755)
  }
  options.log.info('postgres-place', {
    folder: base,
    reason: `user ${account?.name}, who runs the database, may not search ${closed}; ${visible} is a link to it`,
  })
  return { ...shared, base }
}

/** A private folder for the socket: beside the data, or in the temporary folder when that path is too long. */
export async function chooseSocketFolder(place: Place): Promise<string> {
  const near = join(place.base, 'run')
  if (Buffer.byteLength(join(near, '.s.PGSQL.5432')) < socketPathLimitBytes) {
    await makePrivateFolder(near, place.account)
    return near
  }
  const name = `roundhouse-${createHash('sha256').update(place.base).digest('hex').slice(0, 16)}`
  const far = join(await realpath(tmpdir()), name)
  const uid = place.account?.uid ?? process.getuid?.()
  await mkdir(far, { mode: 0o700 }).then(
    () => makePrivateFolder(far, place.account),
    () => {},
  )
  // Anyone may create names in the temporary folder, so what is there must be shown to be ours.
  const found = await lstat(far)
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o77) !== 0) {
    throw new Error(
      `${far} must be a folder of mode 700 that belongs to uid ${uid}, for the socket of the database. Remove it, or set DATA_DIR to a shorter path.`,
    )
  }
  return far
}

async function resolveExisting(visible: string): Promise<string> {
  try {
    return await realpath(visible)
  } catch (error) {
    throw new Error(
      `${visible} is a link to a folder that is gone. Restore that folder, or remove the link to begin with an empty database.`,
      { cause: error },
    )
  }
}

async function refuseForeignFolder(folder: string): Promise<void> {
  const ours = process.getuid?.()
  const { uid } = await stat(folder)
  if (ours === undefined || uid === ours) return
  throw new Error(
    `${folder} belongs to uid ${uid}, but this process runs as uid ${ours}. Start Roundhouse as the user who owns the folder, or set DATA_DIR to another one.`,
  )
}

/** Lets everyone search dataDir itself, which is ours to open; what lies above it is not. */
async function openUp(dataDir: string, account: Account): Promise<string | undefined> {
  const closed = await findClosedFolder(dataDir, account)
  if (closed !== dataDir) return closed
  await chmod(dataDir, (await stat(dataDir)).mode | 0o011)
  return findClosedFolder(dataDir, account)
}

/** The name of the data folder inside `base`. */
export function folderName(place: Place, unique: string): string {
  return dirname(place.visible) === place.base ? basename(place.visible) : `postgres-${unique}`
}
