import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Installs a program of the same name, as root on Debian and its kin. Gives whether it is on the PATH. */
export function ensureByApt(program: string): boolean {
  if (isOnPath(program)) return true
  if (process.getuid?.() === 0 && isOnPath('apt-get')) {
    console.log(`Installing ${program}, which the tests need.`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', program]]) {
      spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    }
  }
  return isOnPath(program)
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
