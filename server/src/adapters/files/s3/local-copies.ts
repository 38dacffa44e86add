import { createHash, randomUUID } from 'node:crypto'
import { lstat, mkdir, opendir, realpath, rename, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Log } from '../../../kit/log.ts'
import {
  diskFull,
  heldPath,
  ifThere,
  isDiskFull,
  removeAbandoned,
  syncFolders,
  writeDurably,
} from '../disk.ts'

/** One state of an object. */
export type Remote = {
  key: string
  etag: string
  sizeBytes: number
  /** As it was stored, where that is known. */
  sha256: string | undefined
  open(): Promise<Readable>
}

export type LocalCopies = {
  /** A path that holds the bytes until `release` is called; fetched when it is not there yet. */
  hold(remote: Remote): Promise<{ path: string; release(): Promise<void> }>
  /** The object is gone: its copies go too, as soon as nobody holds them. */
  forget(key: string): Promise<void>
}

type Copy = { sizeBytes: number; holders: number; forgotten: boolean; ready: Promise<void> }

/**
 * Copies of objects on the local disk, a file per state of an object. Beyond `maxBytes` the least recently used go that
 * nobody holds. One process uses the folder; what it left is used again after a restart.
 * @throws the file system's error when the folder cannot be made or read.
 */
export async function openLocalCopies(options: {
  folder: string
  maxBytes: number
  log: Log
}): Promise<LocalCopies> {
  const { maxBytes, log } = options
  const temporaryFolder = join(options.folder, '.tmp')
  await mkdir(temporaryFolder, { recursive: true, mode: 0o700 })
  const root = await realpath(options.folder)
  await removeAbandoned(temporaryFolder)
  /** The least recently used first. */
  const copies = new Map(await found(root))
  await evict(maxBytes)

  async function fetch(name: string, remote: Remote): Promise<void> {
    const temporary = join(temporaryFolder, randomUUID())
    let source: Readable | undefined
    try {
      source = await remote.open()
      const written = await writeDurably(temporary, source, Number.POSITIVE_INFINITY)
      if (written.sizeBytes !== remote.sizeBytes || (remote.sha256 ?? written.sha256) !== written.sha256) {
        throw new Error(
          `${remote.key}: ${written.sizeBytes} bytes with sha256 ${written.sha256} came, expected ${remote.sizeBytes} with ${remote.sha256 ?? 'any'}`,
        )
      }
      await rename(temporary, join(root, name))
      await syncFolders(root, root)
    } catch (error) {
      source?.destroy()
      await rm(temporary, { force: true })
      if (!isDiskFull(error)) throw error
      await evict(0)
      throw diskFull(error)
    }
  }

  async function evict(toBytes: number): Promise<void> {
    let sizeBytes = 0
    for (const copy of copies.values()) sizeBytes += copy.sizeBytes
    for (const [name, copy] of copies) {
      if (sizeBytes <= toBytes) return
      if (copy.holders > 0) continue
      copies.delete(name)
      sizeBytes -= copy.sizeBytes
      await rm(join(root, name), { force: true })
      log.debug('storage-evict', { name, size_bytes: copy.sizeBytes })
    }
  }

  /** Someone has cleaned up on the disk. */
  async function dropIfGone(name: string): Promise<void> {
    const copy = copies.get(name)
    if (!copy || copy.holders > 0 || (await ifThere(lstat(join(root, name))))) return
    if (copies.get(name) === copy && copy.holders === 0) copies.delete(name)
  }

  async function letGo(name: string, copy: Copy): Promise<void> {
    copy.holders -= 1
    if (copy.holders > 0) return
    if (!copy.forgotten) return await evict(maxBytes)
    // The same bytes may have been stored and fetched again: then the file is that copy's.
    if (copies.get(name) !== copy) return
    copies.delete(name)
    await rm(join(root, name), { force: true })
  }

  return {
    async hold(remote) {
      const name = nameOf(remote)
      await dropIfGone(name)
      let copy = copies.get(name)
      if (!copy || copy.forgotten) {
        copy = { sizeBytes: remote.sizeBytes, holders: 0, forgotten: false, ready: fetch(name, remote) }
      }
      const held = copy
      copies.delete(name)
      copies.set(name, held)
      held.holders += 1
      try {
        await held.ready
        const path = join(root, name)
        const now = new Date()
        await utimes(path, now, now)
        await evict(maxBytes)
        return heldPath(path, () => letGo(name, held))
      } catch (error) {
        // Not there, or no longer: the next one fetches it.
        if (copies.get(name) === held) copies.delete(name)
        held.holders -= 1
        throw error
      }
    },

    async forget(key) {
      const prefix = prefixOf(key)
      for (const [name, copy] of copies) {
        if (!name.startsWith(prefix)) continue
        copy.forgotten = true
        if (copy.holders > 0) continue
        copies.delete(name)
        await rm(join(root, name), { force: true })
      }
    },
  }
}

/** Keys have up to 1,024 characters, and an etag may hold anything; names of files have 255. */
function nameOf({ key, etag, sizeBytes }: Remote): string {
  return `${prefixOf(key)}${digest(etag).slice(0, 32)}-${sizeBytes}`
}

function prefixOf(key: string): string {
  return `${digest(key)}-`
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** What an earlier process left, the least recently used first. */
async function found(root: string): Promise<[string, Copy][]> {
  const files: { name: string; usedAt: number; sizeBytes: number }[] = []
  for await (const { name } of await opendir(root)) {
    const size = /^[0-9a-f]{64}-[0-9a-f]{32}-(\d+)$/.exec(name)?.[1]
    const file = size === undefined ? undefined : await ifThere(lstat(join(root, name)))
    if (!file?.isFile()) continue
    if (file.size === Number(size)) files.push({ name, usedAt: file.mtimeMs, sizeBytes: file.size })
    else await rm(join(root, name), { force: true })
  }
  const copy = (sizeBytes: number) => ({ sizeBytes, holders: 0, forgotten: false, ready: Promise.resolve() })
  return files.sort((a, b) => a.usedAt - b.usedAt).map(({ name, sizeBytes }) => [name, copy(sizeBytes)])
}
