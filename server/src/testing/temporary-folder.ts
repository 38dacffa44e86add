import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defer, type Scope } from './defer.ts'

/**
 * An empty folder that goes when the scope ends. Others may enter it, as the user that runs the database for root must.
 */
export async function temporaryFolder(scope: Scope): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'rh-')))
  await chmod(path, 0o755)
  defer(scope, () => rm(path, { recursive: true, force: true }))
  return path
}
