import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export type Survivor = { pid: number; command: string }

/**
 * The running processes that belong to a test run: started with `marker` in their environment, or working in
 * `folder`. Postgres and Redis write their title over their environment, but both work in a folder of the run.
 * Linux only; elsewhere the answer is empty.
 */
export function findSurvivors(marker: string, folder: string): Survivor[] {
  if (process.platform !== 'linux') return []
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
  return pids.flatMap(pid => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()
      const isOurs =
        readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(marker) ||
        `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`)
      // A dead process whose parent has not asked for its exit code has no command line any more.
      return isOurs && command !== '' ? [{ pid: Number(pid), command }] : []
    } catch {
      // It ended meanwhile, or belongs to another user and so not to us.
      return []
    }
  })
}
