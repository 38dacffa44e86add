import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, opendir, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { Problem } from '@roundhouse/sdk/contract'
import { invariant } from '../../kit/invariant.ts'
import type { StoredFile } from '../../ports/file-store.ts'

/** Another process may still be writing what is younger. */
const abandonedAfterMs = 3_600_000

/** Left free for the database, which often shares the disk and stops when it cannot write its log. */
const reserve = { bytes: 128 * 1024 * 1024, shareOfDisk: 0.1 }

/** Time for the answer of the request whose bytes could not be written. */
const answerFirstMs = 500

/** Of one upload in memory, while the disk is slower than the network. */
const mostWaitingBytes = 512 * 1024

/** Such a stretch of a file is written without a look at what is left. */
const roomForBytes = 16 * 1024 * 1024

/** @throws Problem `storage-full` when the disk is so full that what is left is not for files. */
export async function checkRoom(folder: string): Promise<void> {
  const { bavail, blocks, bsize } = await statfs(folder)
  if (bavail * bsize < Math.min(reserve.bytes, blocks * bsize * reserve.shareOfDisk)) throw diskFull()
}

/**
 * Writes a new file of what the stream gives, and makes it durable. When it fails the caller removes what is there.
 * The stream is left as it is then.
 * @throws Problem `payload-too-large` past `maxBytes`, `storage-full`; the stream's and the file system's errors.
 */
export async function writeDurably(path: string, source: Readable, maxBytes: number): Promise<StoredFile> {
  const file = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  )
  const writer = createWriter(file)
  try {
    const hash = createHash('sha256')
    let sizeBytes = 0
    let checkedBytes = 0
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      const bytes = bytesOf(chunk)
      sizeBytes += bytes.byteLength
      if (sizeBytes > maxBytes) {
        throw new Problem('payload-too-large', `The file is larger than the limit of ${maxBytes} bytes.`)
      }
      if (sizeBytes - checkedBytes > roomForBytes) {
        await checkRoom(dirname(path))
        checkedBytes = sizeBytes
      }
      hash.update(bytes)
      await writer.write(bytes)
    }
    await writer.end()
    await sync(file)
    return { sizeBytes, sha256: hash.digest('hex') }
  } finally {
    await writer.end().catch(() => {})
    await file.close()
  }
}

/**
 * Writes beside the reading and hashing of what comes next: a write goes to a thread and back, and what comes meanwhile
 * goes with the next one.
 */
function createWriter(file: FileHandle) {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let writing: Promise<void> | undefined

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const chunks = waiting
      waiting = []
      waitingBytes = 0
      await writeAll(file, chunks)
    }
    writing = undefined
  }

  return {
    /** Waits only when too much has gathered. @throws what an earlier write failed with. */
    async write(bytes: Uint8Array): Promise<void> {
      waiting.push(bytes)
      waitingBytes += bytes.byteLength
      if (!writing) {
        writing = drain()
        // Told to the next who waits.
        writing.catch(() => {})
      }
      if (waitingBytes > mostWaitingBytes) await writing
    },
    end: async (): Promise<void> => writing,
  }
}

/**
 * Waits until it is on the disk. After an I/O error nobody knows what is, and a second try may be told that all is well
 * (https://wiki.postgresql.org/wiki/Fsync_Errors), so the process ends, once the request has been answered.
 */
async function sync(file: FileHandle): Promise<void> {
  try {
    await file.sync()
  } catch (error) {
    if (hasCode(error, 'EIO'))
      setTimeout(() => {
        throw new Error('The disk did not write what it was given. Check it, then start again.', {
          cause: error,
        })
      }, answerFirstMs)
    throw error
  }
}

/** The system may write less than it was asked to. */
export async function writeAll(file: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  let left = [...chunks]
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left)
    left = left.flatMap(chunk => {
      const rest = chunk.subarray(bytesWritten)
      bytesWritten = Math.max(0, bytesWritten - chunk.byteLength)
      return rest.byteLength > 0 ? [rest] : []
    })
  }
}

export function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  invariant(typeof chunk === 'string', 'a file is stored from a stream of bytes or text')
  return Buffer.from(chunk)
}

/** What `local` gives: `letGo` is called once, however often it is released. */
export function heldPath(path: string, letGo: () => Promise<void>) {
  let released = false
  return {
    path,
    async release(): Promise<void> {
      if (released) return
      released = true
      await letGo()
    },
  }
}

/** Makes the names durable, from `folder` up to and with `last`. */
export async function syncFolders(folder: string, last: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  await sync(handle).finally(() => handle.close())
  if (folder !== last) await syncFolders(dirname(folder), last)
}

export async function removeAbandoned(folder: string): Promise<void> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name)
    const found = await ifThere(lstat(path))
    if (found?.isFile() && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(path, { force: true })
  }
}

/** What the call gives, or undefined when there is nothing at that path. */
export async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    // ELOOP: a link, where none is followed.
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined
    throw error
  }
}

export function isDiskFull(error: unknown): boolean {
  return hasCode(error, 'ENOSPC', 'EDQUOT')
}

export function diskFull(cause?: unknown): Problem {
  return new Problem('storage-full', 'The disk is full; nothing was stored. Free some space and try again.', {
    cause,
  })
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
