import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * An empty folder that goes when the test (or the file, with `{ after }` of node:test) ends. Others may enter it, as the
 * user that runs the database for root must.
 */
export async function temporaryFolder(
  test: { after(callback: () => Promise<void>): void },
  parent = tmpdir(),
): Promise<string> {
  const path = await realpath(await mkdtemp(join(parent, 'rh-')))
  await chmod(path, 0o755)
  test.after(() => rm(path, { recursive: true, force: true }))
  return path
}
