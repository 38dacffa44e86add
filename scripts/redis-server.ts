import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The tests start Redis servers of their own. Installs the program where that is ours to do, else says what to do. */
export function ensureRedisServer(): void {
  if (isOnPath('redis-server')) return
  if (process.getuid?.() === 0 && isOnPath('apt-get')) {
    console.log('Installing redis-server, which the tests need.')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'redis-server']]) {
      spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    }
    if (isOnPath('redis-server')) return
  }
  throw new Error(
    'The tests need the program redis-server on the PATH (any version from 6).\n' +
      'Install it with `apt-get install redis-server`, `dnf install redis` or `brew install redis`, then run this again.',
  )
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
