import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { s3Program } from '../server/src/testing/s3-server.ts'
import type { TestProgram } from './test-program.ts'

export const s3Server: TestProgram = {
  mark: /\bstartS3\(/,
  ensure: ensureS3Server,
  missing: 'the S3 server that the tests use could not be built.',
  remedy: 'It needs Go 1.26 or later on the PATH (https://go.dev/dl) and its module proxy.',
}

/**
 * The tests of S3 storage start a server of their own. Builds it where Go is installed: 150 MB of sources through Go's
 * module proxy and some minutes of both cores, once.
 * @returns whether it is there.
 */
function ensureS3Server(): boolean {
  if (existsSync(s3Program.path)) return true
  if (spawnSync('go', ['version']).status !== 0) return false
  console.log('Building an S3 server, which the tests need. This takes some minutes, once.')
  const folder = dirname(s3Program.path)
  const cache = join(folder, 'go')
  mkdirSync(cache, { recursive: true })
  // GOTOOLCHAIN: never fetch another Go. modcacherw: else the folders are read-only and cannot be removed. readonly:
  // what is built is what the checked module's own go.sum names.
  const env = {
    ...process.env,
    CGO_ENABLED: '0',
    GOFLAGS: '-modcacherw -mod=readonly',
    GOTOOLCHAIN: 'local',
    GOPATH: cache,
    GOMODCACHE: join(cache, 'modules'),
    GOCACHE: join(cache, 'build'),
  }
  const download = ['mod', 'download', '-json', s3Program.module]
  const { status, stdout } = spawnSync('go', download, { cwd: cache, env, encoding: 'utf8' })
  if (status !== 0) return false
  const { Dir, Sum }: { Dir: string; Sum: string } = JSON.parse(stdout)
  if (Sum !== s3Program.sum)
    throw new Error(`${s3Program.module} has the sum ${Sum}, expected ${s3Program.sum}.`)
  const draft = `${s3Program.path}.${process.pid}`
  const build = ['build', '-C', Dir, '-trimpath', '-o', draft, s3Program.command]
  const built = spawnSync('go', build, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  if (built.status !== 0) return false
  renameSync(draft, s3Program.path)
  rmSync(cache, { recursive: true, force: true })
  return true
}
