import { createHash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, opendir, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { Problem } from '@roundhouse/sdk/contract'
import { invariant } from '../../kit/invariant.ts'
import type { FileStore, StoredFile } from '../../ports/file-store.ts'

/** Another replica may still be writing what is younger. */
const abandonedAfterMs = 3_600_000

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
    invariant(isKey(key), `not a key of the file store: ${JSON.stringify(key.slice(0, 200))}`)
    return join(root, key)
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
      const path = pathOf(key)
      // Reading starts after the file is open, and stops at the limit: an error outside that time is no crash.
      source.on('error', () => {})
      let written = join(temporaryFolder, randomUUID())
      try {
        const stored = await writeDurably(written, source, maxBytes)
        const created = await mkdir(dirname(path), { recursive: true })
        await rename(written, path)
        written = path
        await syncFolders(dirname(path), created === undefined ? dirname(path) : dirname(created))
        removedWhileHeld.delete(key)
        return stored
      } catch (error) {
        await rm(written, { force: true })
        throw isDiskFull(error) ? diskFull(error) : error
      }
    },

    async local(key) {
      const path = pathOf(key)
      const found = removedWhileHeld.has(key) ? undefined : await ifThere(lstat(path))
      if (!found?.isFile()) throw new Problem('not-found', `There is no file ${key}.`)
      holders.set(key, (holders.get(key) ?? 0) + 1)
      let released = false
      return {
        path,
        async release() {
          if (released) return
          released = true
          await release(key)
        },
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

async function writeDurably(path: string, source: Readable, maxBytes: number): Promise<StoredFile> {
  const file = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  )
  try {
    const hash = createHash('sha256')
    let sizeBytes = 0
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      const bytes = bytesOf(chunk)
      sizeBytes += bytes.byteLength
      if (sizeBytes > maxBytes) {
        throw new Problem('payload-too-large', `The file is larger than the limit of ${maxBytes} bytes.`)
      }
      hash.update(bytes)
      await writeAll(file, bytes)
    }
    await file.sync()
    return { sizeBytes, sha256: hash.digest('hex') }
  } finally {
    await file.close()
  }
}

/** The system may write less than it was asked to. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let offset = 0
  while (offset < bytes.byteLength) offset += (await file.write(bytes, offset)).bytesWritten
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  invariant(typeof chunk === 'string', 'a file is stored from a stream of bytes or text')
  return Buffer.from(chunk)
}

/** Makes the names durable, from `folder` up to and with `last`. */
async function syncFolders(folder: string, last: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  await handle.sync().finally(() => handle.close())
  if (folder !== last) await syncFolders(dirname(folder), last)
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

async function removeAbandoned(folder: string): Promise<void> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name)
    const found = await ifThere(lstat(path))
    if (found?.isFile() && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(path, { force: true })
  }
}

/** No empty segment: `a//b` and `a/b` would be one file. The length leaves room for the folder in a path of 4,096. */
function isKey(text: string): boolean {
  return text.length <= 1024 && /^[a-z0-9][a-z0-9_-]*(\/[a-z0-9_-]+)*$/.test(text)
}

/** What the call gives, or undefined when there is nothing at that path. */
async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

function isDiskFull(error: unknown): boolean {
  return hasCode(error, 'ENOSPC', 'EDQUOT')
}

function diskFull(cause: unknown): Problem {
  return new Problem('storage-full', 'The disk is full; nothing was stored. Free some space and try again.', {
    cause,
  })
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
