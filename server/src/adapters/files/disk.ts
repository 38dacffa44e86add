import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, opendir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { Problem } from '@roundhouse/sdk/contract'
import { invariant } from '../../kit/invariant.ts'
import type { StoredFile } from '../../ports/file-store.ts'

/** Another process may still be writing what is younger. */
const abandonedAfterMs = 3_600_000

/**
 * Writes a new file of what the stream gives, and makes it durable. When it fails the caller removes what is there.
 * The stream is left as it is then.
 * @throws Problem `payload-too-large` past `maxBytes`; the stream's and the file system's errors.
 */
export async function writeDurably(path: string, source: Readable, maxBytes: number): Promise<StoredFile> {
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

export function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  invariant(typeof chunk === 'string', 'a file is stored from a stream of bytes or text')
  return Buffer.from(chunk)
}

/** Makes the names durable, from `folder` up to and with `last`. */
export async function syncFolders(folder: string, last: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  await handle.sync().finally(() => handle.close())
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

export function diskFull(cause: unknown): Problem {
  return new Problem('storage-full', 'The disk is full; nothing was stored. Free some space and try again.', {
    cause,
  })
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
