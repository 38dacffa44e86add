import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Reason to skip what looks at processes. */
export const onLinux = { skip: process.platform === 'linux' ? false : 'reads /proc, which only Linux has' }

/** Waits for the condition; fails with `what` when it has not come true in time. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + limitMs
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `${what}: not within ${limitMs} ms`)
    await sleep(20)
  }
}

export function isAlive(pid: number): boolean {
  return signal(pid, 0)
}

/** False when there is no such process. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch {
    return false
  }
}

/** The database servers that run on the data folder; their backends are their children. */
export async function postmastersOf(dataDir: string): Promise<number[]> {
  const folder = join(dataDir, 'postgres')
  const found: number[] = []
  for (const pid of await allPids()) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (command.split('\0').includes(folder)) found.push(pid)
  }
  return found
}

/** The process and its children. */
export async function familyOf(pid: number): Promise<number[]> {
  const children: number[] = []
  for (const other of await allPids()) {
    const text = await readFile(`/proc/${other}/stat`, 'utf8').catch(() => '')
    if (Number(text.slice(text.lastIndexOf(')') + 1).split(' ')[2]) === pid) children.push(other)
  }
  return [pid, ...children]
}

/** The pid in `postmaster.pid`; undefined when no server runs. */
export async function postmasterPid(dataDir: string): Promise<number | undefined> {
  const text = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number(text.split('\n')[0])
  return pid > 0 && isAlive(pid) ? pid : undefined
}

/** Ends the database that a killed server left behind. */
export async function endOrphan(dataDir: string): Promise<void> {
  const pid = await postmasterPid(dataDir)
  if (pid === undefined) return
  for (const member of process.platform === 'linux' ? await familyOf(pid) : [pid]) signal(member, 'SIGCONT')
  signal(pid, 'SIGINT')
  await until('the database left behind ends', () => !isAlive(pid))
}

async function allPids(): Promise<number[]> {
  return (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
}
