import { ensureByApt } from './apt.ts'
import type { TestProgram } from './test-program.ts'

export const redisServer: TestProgram = {
  mark: /\bstartRedis\(/,
  ensure: () => ensureByApt('redis-server'),
  missing: 'the program redis-server (any version from 6) is not on the PATH.',
  remedy: 'Install it with `apt-get install redis-server`, `dnf install redis` or `brew install redis`.',
}
