import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pgvectorPrograms, pgvectorWheel } from '../server/src/testing/pgvector.ts'
import type { TestProgram } from './test-program.ts'

export const pgvector: TestProgram = {
  mark: /\bstartPgvector\(/,
  ensure: ensurePgvector,
  missing: 'there is no PostgreSQL with pgvector here.',
  remedy:
    'Install it with your system, such as `apt-get install postgresql-17-pgvector`, or have pip on the PATH (Linux on x86-64).',
}

/**
 * The tests of pgvector start a PostgreSQL that has it. Fetches one, 11 MB, by pip where that is on the PATH: a wheel
 * for Linux on x86-64; elsewhere it is installed by hand.
 * @returns whether it is there.
 */
function ensurePgvector(): boolean {
  if (pgvectorPrograms() !== undefined) return true
  if (process.platform !== 'linux' || process.arch !== 'x64' || spawnSync('pip', ['--version']).status !== 0)
    return false
  console.log('Fetching a PostgreSQL with pgvector, which the tests need.')
  const { folder } = pgvectorWheel
  const draft = mkdtempSync(join(dirname(folder), 'roundhouse-pgvector-'))
  try {
    const target = ['--python-version', '3.11', '--platform', 'manylinux2014_x86_64', '--only-binary=:all:']
    spawnSync('pip', ['download', '-q', '--no-deps', ...target, '-d', draft, pgvectorWheel.package])
    const [wheel] = globSync(join(draft, '*.whl'))
    if (wheel === undefined) return false
    const sha256 = createHash('sha256').update(readFileSync(wheel)).digest('hex')
    if (sha256 !== pgvectorWheel.sha256)
      throw new Error(`${pgvectorWheel.package} has the sum ${sha256}, expected ${pgvectorWheel.sha256}.`)
    const files = join(draft, 'files')
    mkdirSync(files)
    spawnSync('python3', ['-m', 'zipfile', '-e', wheel, files])
    // Unpacked without the modes that the archive has; for the user that runs PostgreSQL, who is not this one.
    for (const path of globSync(join(files, '**/*'))) chmodSync(path, 0o755)
    chmodSync(files, 0o755)
    renameSync(files, folder)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return pgvectorPrograms() !== undefined
}
