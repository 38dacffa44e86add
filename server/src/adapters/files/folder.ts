import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, opendir, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Problem } from '@roundhouse/sdk/contract'
import { invariant } from '../../kit/invariant.ts'
import type { FileStore } from '../../ports/file-store.ts'
import {
  checkRoom,
  diskFull,
  heldPath,
  ifThere,
  isDiskFull,
  removeAbandoned,
  syncFolders,
  writeDurably,
} from './disk.ts'
import { checkKey, isKey } from './keys.ts'
import { piecesOf } from './pieces.ts'

/** With 64 KiB at a time (the default) reading 100 MB takes twice the time. */
const readAtATimeBytes = 256 * 1024

/**
 * Files below one folder of the local disk, a file per key. Several processes may share the folder.
 *
 * `put` leaves its source as it is when it fails: whoever opened it ends it, so that an upload can still be answered.
 * A key that is removed while `local` holds it goes when the last holder in this process releases it.
 * @throws the file system's error when the folder cannot be made or written.
 */
export async function openFolderStore(options: { folder: string }): Promise<FileStore> {
  await mkdir(join(options.folder, '.tmp'), { recursive: true })
  const root = await realpath(options.folder)
  const temporaryFolder = join(root, '.tmp')
  await removeAbandoned(temporaryFolder)
  const holders = new Map<string, number>()
  const removedWhileHeld = new Set<string>()

  function pathOf(key: string): string {
    checkKey(key)
    return join(root, key)
  }

  /** `write` makes a file at the path it is given, durably; then it is at its place, or nowhere. */
  async function putInPlace<T>(key: string, write: (path: string) => Promise<T>): Promise<T> {
    const path = pathOf(key)
    let written = join(temporaryFolder, randomUUID())
    try {
      await checkRoom(root)
      const result = await write(written)
      const created = await mkdir(dirname(path), { recursive: true })
      await rename(written, path)
      written = path
      await syncFolders(dirname(path), created === undefined ? dirname(path) : dirname(created))
      removedWhileHeld.delete(key)
      return result
    } catch (error) {
      await rm(written, { force: true })
      throw isDiskFull(error) ? diskFull(error) : error
    }
  }

  async function openForReading(key: string): Promise<FileHandle> {
    const path = pathOf(key)
    const file = removedWhileHeld.has(key)
      ? undefined
      : await ifThere(open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK))
    if (file && (await file.stat()).isFile()) return file
    await file?.close()
    throw new Problem('not-found', `There is no file ${key}.`)
  }

  async function release(key: string): Promise<void> {
    const others = (holders.get(key) ?? 0) - 1
    if (others > 0) {
      holders.set(key, others)
      return
    }
    holders.delete(key)
    if (removedWhileHeld.delete(key)) await rm(pathOf(key), { force: true })
  }

  return {
    async put(key, source, { maxBytes }) {
      // Reading starts after the file is open, and stops at the limit: an error outside that time is no crash.
      source.on('error', () => {})
      return await putInPlace(key, path => writeDurably(path, source, maxBytes))
    },

    async local(key) {
      const path = pathOf(key)
      const found = removedWhileHeld.has(key) ? undefined : await ifThere(lstat(path))
      if (!found?.isFile()) throw new Problem('not-found', `There is no file ${key}.`)
      holders.set(key, (holders.get(key) ?? 0) + 1)
      return heldPath(path, () => release(key))
    },

    async read(key, range) {
      const file = await openForReading(key)
      return file.createReadStream({ ...range, highWaterMark: readAtATimeBytes })
    },

    async pieces(key, range) {
      return piecesOf(await openForReading(key), range)
    },

    async link(key) {
      checkKey(key)
      return undefined
    },

    async copy(from, to) {
      const source = await openForReading(from)
      try {
        await putInPlace(to, path =>
          writeDurably(
            path,
            source.createReadStream({ autoClose: false, highWaterMark: readAtATimeBytes }),
            Number.POSITIVE_INFINITY,
          ),
        )
      } finally {
        await source.close()
      }
    },

    async remove(key) {
      const path = pathOf(key)
      if (holders.has(key)) removedWhileHeld.add(key)
      else await ifThere(rm(path))
    },

    async *list(prefix) {
      invariant(prefix === '' || isKey(prefix.replace(/\/$/, '')), `not a prefix of keys: ${prefix}`)
      const within = prefix.slice(0, prefix.lastIndexOf('/') + 1)
      for await (const file of filesBelow(root, within)) {
        if (file.key.startsWith(prefix) && !removedWhileHeld.has(file.key)) yield file
      }
    },

    async check() {
      const path = join(temporaryFolder, randomUUID())
      try {
        await checkRoom(root)
        const file = await open(path, 'wx', 0o600)
        // Not empty: a full disk still has room for names.
        await file.write('roundhouse').finally(() => file.close())
      } catch (error) {
        throw isDiskFull(error) ? diskFull(error) : error
      } finally {
        await rm(path, { force: true })
      }
    },
  }
}

/** `within` is empty or ends in a slash. Links and names that are not keys are passed over. */
async function* filesBelow(root: string, within: string): AsyncGenerator<{ key: string; storedAt: number }> {
  const folder = await ifThere(opendir(join(root, within)))
  if (!folder) return
  for await (const entry of folder) {
    const key = within + entry.name
    if (!isKey(key)) continue
    if (entry.isDirectory()) yield* filesBelow(root, `${key}/`)
    const found = entry.isFile() ? await ifThere(stat(join(root, key))) : undefined
    if (found) yield { key, storedAt: Math.floor(found.mtimeMs) }
  }
}
