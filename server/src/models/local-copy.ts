import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Problem } from '@roundhouse/sdk/contract'
import type { ArtifactSource } from '../ports/artifact-source.ts'
import type { FileStore } from '../ports/file-store.ts'
import { readArtifact } from './artifact-stream.ts'
import type { Model } from './model.ts'
import type { Patience } from './patience.ts'

/** Another process may still be writing what is younger. */
const abandonedAfterMs = 3_600_000

/** Undefined when there is no file. */
export async function hashOfFile(path: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), hash)
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code)))
      return undefined
    throw error
  }
  return hash.digest('hex')
}

/**
 * Writes the whole file or leaves what was there: a temporary name, the hash checked, on disk, then the name.
 * @param options.sha256 What it must have, where that is known.
 * @throws Problem `hash-mismatch`, `forbidden` when no file can be made there; the error of the stream.
 */
export async function writeCopy(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  options: { sha256: string | undefined; part: string },
): Promise<void> {
  const written = `${path}.${options.part}.part`
  const file = await begin(path, written)
  try {
    const hash = createHash('sha256')
    try {
      for await (const chunk of bytes) {
        hash.update(chunk)
        await file.writeFile(chunk)
      }
      await file.sync()
    } finally {
      await file.close()
    }
    const sha256 = hash.digest('hex')
    if (options.sha256 !== undefined && options.sha256 !== sha256) throw wrongHash(options.sha256, sha256)
    await rename(written, path)
    const folder = await open(dirname(path), constants.O_RDONLY)
    await folder.sync().finally(() => folder.close())
  } catch (error) {
    await rm(written, { force: true })
    throw error
  }
}

/**
 * Writes the file of a version there, unless it is there: a replica with a disk of its own has no copy yet, or an old
 * one. The bytes come from the file store. @returns Whether it was written.
 */
export async function keepCopy(
  path: string,
  { file_key: key, file_hash: sha256, file_size_bytes: sizeBytes }: Model,
  { files, patience, part }: { files: Pick<FileStore, 'read'>; patience: Patience; part: string },
): Promise<boolean> {
  if (key === null || sha256 === null || sizeBytes === null) return false
  if ((await hashOfFile(path)) === sha256) return false
  const stored: Pick<ArtifactSource, 'read'> = {
    read: (_address, { start }) => files.read(key, { start, end: sizeBytes - 1 }),
  }
  const bytes = readArtifact(stored, { bucket: '', path: key }, { sizeBytes, etag: sha256 }, patience)
  await writeCopy(path, bytes, { sha256, part })
  return true
}

export function wrongHash(expected: string, got: string): Problem {
  return new Problem('hash-mismatch', `The file has another sha256: expected ${expected}, got ${got}.`)
}

async function begin(path: string, written: string): Promise<FileHandle> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await removeAbandoned(path)
    return await open(written, 'wx', 0o644)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Problem('forbidden', `The copy ${path} cannot be written: ${why}.`, { cause: error })
  }
}

/** What processes that were killed left behind. */
async function removeAbandoned(path: string): Promise<void> {
  const folder = dirname(path)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(path)}.`) || !name.endsWith('.part')) continue
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(join(folder, name), { force: true })
  }
}
