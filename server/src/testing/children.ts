import { readFileSync } from 'node:fs'

/** Reason to skip what looks at processes. */
export const onLinux = { skip: process.platform === 'linux' ? false : 'reads /proc, which only Linux has' }

/** The processes that a process has started and not yet seen end. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

/** Whether there is such a process, and not only its exit code waiting to be asked for. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}
