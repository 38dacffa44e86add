import { execFile } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** One file of `testvectors_v1`. What a group and a test hold beside these fields depends on the file. */
export type Vectors = {
  numberOfTests: number
  testGroups: (Record<string, unknown> & { tests: Vector[] })[]
}

export type Vector = Record<string, unknown> & {
  tcId: number
  comment: string
  flags: string[]
  result: 'valid' | 'invalid' | 'acceptable'
}

const release = {
  module: 'github.com/c2sp/wycheproof@v0.0.0-20260902155932-3fa63dd0344a',
  sum: 'h1:pNbL2nztRsWfW/ispAwsvcDFxs9Id38uIsR2/Up5G2c=',
}
const folder = fileURLToPath(new URL('../../../node_modules/.cache/wycheproof/', import.meta.url))

/**
 * Public attack vectors, for instance `aes_gcm_test.json` (https://github.com/C2SP/wycheproof). The first call fetches
 * them through Go's module proxy (20 MB, once; later calls take 20 ms and no network). Without Go, or without the
 * proxy, the test is skipped, with the reason in its report, and the answer is undefined.
 *
 * @throws Error when what came is not the pinned release
 */
export async function wycheproof(test: TestContext, file: string): Promise<Vectors | undefined> {
  const download = await downloadModule()
  if ('missing' in download) {
    test.skip(`The Wycheproof vectors are not here: ${download.missing}`)
    return undefined
  }
  if (download.sum !== release.sum)
    throw new Error(`${release.module} has the sum ${download.sum}, expected ${release.sum}.`)
  const vectors: Vectors = JSON.parse(await readFile(join(download.folder, 'testvectors_v1', file), 'utf8'))
  const count = vectors.testGroups.flatMap(group => group.tests).length
  if (count !== vectors.numberOfTests || count === 0)
    throw new Error(`${file} holds ${count} vectors and announces ${vectors.numberOfTests}.`)
  return vectors
}

async function downloadModule(): Promise<{ folder: string; sum: string } | { missing: string }> {
  await mkdir(folder, { recursive: true })
  // GOTOOLCHAIN: never fetch another Go. modcacherw: else the folders are read-only and cannot be removed.
  const env = {
    ...process.env,
    GOFLAGS: '-mod=mod -modcacherw',
    GOTOOLCHAIN: 'local',
    GOPATH: folder,
    GOMODCACHE: join(folder, 'modules'),
    GOCACHE: join(folder, 'build'),
  }
  try {
    const options = { cwd: folder, env, timeout: 120_000 }
    const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', release.module], options)
    const { Dir, Sum }: { Dir: string; Sum: string } = JSON.parse(stdout)
    return { folder: Dir, sum: Sum }
  } catch (error) {
    return { missing: whyMissing(error) }
  }
}

function whyMissing(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'ENOENT') return 'go is not installed.'
  if ('stdout' in error && typeof error.stdout === 'string' && error.stdout.startsWith('{')) {
    const { Error: reason }: { Error?: string } = JSON.parse(error.stdout)
    if (reason) return `go mod download: ${reason}`
  }
  return error.message
}
