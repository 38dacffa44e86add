import { execFile, spawn } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Account } from './account.ts'

/** A zombie counts as dead: where pid 1 reaps nothing (some containers) `kill(pid, 0)` still finds it. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  if (process.platform !== 'linux') return true
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return !/^\s[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 1))
}

/**
 * Whether `pid` is a live postgres process on this data folder (a real path), so that a number that the system
 * has given to another program meanwhile is never taken for ours.
 */
export async function isPostgresOn(pid: number, folder: string): Promise<boolean> {
  if (!(await isAlive(pid))) return false
  if (process.platform === 'linux') {
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
    const workingFolder = await readlink(`/proc/${pid}/cwd`).catch(() => '')
    return name.trim() === 'postgres' && workingFolder === folder
  }
  if (process.platform === 'win32') return true
  const name = await new Promise<string>(resolve => {
    execFile('/bin/ps', ['-p', String(pid), '-o', 'comm='], (error, stdout) => resolve(error ? '' : stdout))
  })
  return /(^|\/)postgres$/.test(name.trim())
}

/** How every Postgres program is started: as `account`, with nothing of our own environment. */
export function spawnOptions(binary: string, account: Account | undefined, env: Record<string, string> = {}) {
  return {
    cwd: dirname(binary),
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
    ...(process.platform === 'win32' ? {} : { env: { LC_ALL: 'C', TZ: 'UTC', ...env } }),
  }
}

/** Runs a program to its end. @throws Error with the end of what it printed when it fails. */
export async function runTool(
  binary: string,
  args: readonly string[],
  { account, input = '' }: { account: Account | undefined; input?: string },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn(binary, args, { ...spawnOptions(binary, account), stdio: 'pipe' })
    let output = ''
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-2000)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', error => reject(new Error(`${binary} cannot be started: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`${binary} failed (${signal ?? `exit ${code}`}):\n${output.trim()}`))
    })
    // It may exit before it reads: the exit code tells then, not EPIPE.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
