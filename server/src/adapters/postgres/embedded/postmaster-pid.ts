import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isPostgresOn } from './processes.ts'

/** What a running server wrote into `postmaster.pid` (source: PostgreSQL, src/include/utils/pidfile.h). */
export type PostmasterPid = {
  readonly pid: number
  /** Where it listens: a socket folder, or an address. */
  readonly host: string
  readonly port: number
  readonly ready: boolean
}

/** The server that runs on this folder (a real path); or the number in a file left by one that is gone. */
export async function findPostmaster(
  folder: string,
): Promise<{ running: PostmasterPid } | { running: undefined; stalePid: number | undefined }> {
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')
  const [pidLine, , , port, socketFolder, address, , status] = text.split('\n')
  const pid = Number(pidLine)
  if (!Number.isInteger(pid) || pid <= 0) return { running: undefined, stalePid: undefined }
  if (!(await isPostgresOn(pid, folder))) return { running: undefined, stalePid: pid }
  return {
    running: {
      pid,
      host: socketFolder?.trim() || address?.trim() || '',
      port: Number(port),
      ready: status?.trim() === 'ready',
    },
  }
}
