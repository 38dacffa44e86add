import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Problem } from '@roundhouse/sdk/contract'

/** Another process may still be writing what is younger. */
const abandonedAfterMs = 3_600_000

/** Undefined when there is no file. */
export async function hashOfFile(path: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), hash)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  return hash.digest('hex')
}

/**
 * Writes the whole file or leaves what was there: a temporary name, the hash checked, on disk, then the name.
 * @param options.sha256 What it must have, where that is known.
 * @throws Problem `hash-mismatch`; the error of the stream.
 */
export async function writeCopy(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  options: { sha256: string | undefined; part: string },
): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await removeAbandoned(path)
  const written = `${path}.${options.part}.part`
  try {
    const hash = createHash('sha256')
    const file = await open(written, 'wx', 0o644)
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

export function wrongHash(expected: string, got: string): Problem {
  return new Problem('hash-mismatch', `The file has another sha256: expected ${expected}, got ${got}.`)
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
