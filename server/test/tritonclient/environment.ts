import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))
const cache = fileURLToPath(new URL('../../../.cache', import.meta.url))

/** The Python of an environment with the pinned client, made on first use; else why there is none. */
export async function findTritonClient(): Promise<{ python: string } | { missing: string }> {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex')
  const folder = join(cache, `tritonclient-${hash.slice(0, 12)}`)
  const python = join(folder, 'bin', 'python')
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return { python }
  rmSync(folder, { recursive: true, force: true })
  const made = await run('python3', ['-m', 'venv', folder])
  if (made.code !== 0) return { missing: `needs python3 with venv: ${lastLine(made.printed)}` }
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--retries=1', '--only-binary=:all:']
  const installed = await run(python, [...pip, '--requirement', requirements])
  if (installed.code !== 0) return { missing: `needs tritonclient from PyPI: ${lastLine(installed.printed)}` }
  writeFileSync(complete, '')
  return { python }
}

/** Runs a program to its end, and gives what it printed on both of its outputs. */
export function run(
  program: string,
  args: readonly string[],
): Promise<{ code: number | null; printed: string }> {
  return new Promise(resolve => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const printed: Buffer[] = []
    child.stdout.on('data', chunk => printed.push(chunk))
    child.stderr.on('data', chunk => printed.push(chunk))
    child.on('error', error => resolve({ code: null, printed: error.message }))
    child.on('close', code => resolve({ code, printed: Buffer.concat(printed).toString() }))
  })
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
