import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * The tests of Redis start servers of their own. Installs the program where that is ours to do.
 * @returns whether it is there.
 */
export function ensureRedisServer(): boolean {
  if (isOnPath('redis-server')) return true
  if (process.getuid?.() === 0 && isOnPath('apt-get')) {
    console.log('Installing redis-server, which the tests need.')
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'redis-server']]) {
      spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    }
  }
  return isOnPath('redis-server')
}

export function needsRedisServer(testFile: string): boolean {
  return readFileSync(testFile, 'utf8').includes('startRedis(')
}

export function redisServerMissing(skipped: readonly string[]): string {
  return [
    'NOT TESTED: the program redis-server (any version from 6) is not on the PATH. Skipped:',
    ...skipped.map(file => `  ${file}`),
    'Install it with `apt-get install redis-server`, `dnf install redis` or `brew install redis`.',
  ].join('\n')
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
