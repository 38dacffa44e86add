import { randomUUID } from 'node:crypto'
import { chmod, chown, lstat, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Account } from './account.ts'
import { isAlive } from './processes.ts'

/** Creates the folder when it is missing, and gives it to `account` alone (mode 700). */
export async function makePrivateFolder(path: string, account: Account | undefined): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  await chmod(path, 0o700)
  if (account) await chown(path, account.uid, account.gid)
}

/** The innermost folder from `path` up to the root that `account` may not search, by the permission bits. */
export async function findClosedFolder(path: string, account: Account): Promise<string | undefined> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (!(await permits(folder, account, 0o1))) return folder
    if (dirname(folder) === folder) return undefined
  }
}

/** Whether the permission bits give `account` all of `bits` (4 read, 2 write, 1 search or execute). */
export async function permits(path: string, account: Account, bits: number): Promise<boolean> {
  const { mode, uid, gid } = await stat(path)
  const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0
  return ((mode >> shift) & bits) === bits
}

/** Gives everything below `path` to `account`; symbolic links themselves, never what they point to. */
export async function giveTree(path: string, account: Account): Promise<void> {
  const entry = await lstat(path)
  if (entry.isSymbolicLink()) return
  if (entry.isDirectory()) for (const name of await readdir(path)) await giveTree(join(path, name), account)
  // The outermost folder comes last: its owner tells that everything in it has been given.
  await chown(path, account.uid, account.gid)
}

// Two starts in one process share the pid, so the pid alone does not tell whose a temporary name is.
const ours = new Set<string>()

/** A name beside the final one that tells which process is working on it. */
export function temporaryName(prefix: string): string {
  const name = `${prefix}${process.pid}-${randomUUID()}`
  ours.add(name)
  return name
}

/** Removes what processes that are no more have left under temporary names. Failures wait for the next start. */
export async function removeLeftovers(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : Number.NaN)
    if (!Number.isInteger(pid)) continue
    const active = pid === process.pid ? [...ours].some(one => name.startsWith(one)) : await isAlive(pid)
    if (!active) await rm(join(folder, name), { recursive: true, force: true }).catch(() => {})
  }
}

/** Makes renames inside the folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
