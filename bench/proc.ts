import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Where the figures of processes come from; only Linux has it. */
export const hasProc = existsSync('/proc/self/stat')

/** USER_HZ: what `/proc/<pid>/stat` counts in, 100 on every Linux (`man 5 proc`). */
const ticksPerSecond = 100

type Stat = { pid: number; parent: number; cpuSeconds: number; ownCpuSeconds: number }

/** A process and all below it. */
export function treeOf(pid: number): number[] {
  return statsOf(pid).map(stat => stat.pid)
}

/**
 * User and system time of a process tree since it began, all threads, and the children that have ended in it.
 * Counted in ticks of 10 ms per process: over a window of 2 s at full load that is 0.5 %.
 */
export function cpuSecondsOf(pid: number): number {
  return statsOf(pid).reduce((sum, stat) => sum + stat.cpuSeconds, 0)
}

/** Of the process alone, all threads. */
export function ownCpuSecondsOf(pid: number): number {
  return readStat(String(pid))?.ownCpuSeconds ?? Number.NaN
}

/** Memory of a process tree. `rss` counts a page shared by three processes three times, `pss` once in all. */
export function memoryOf(pid: number): { rssBytes: number; pssBytes: number; processes: number } {
  const tree = treeOf(pid)
  let rssBytes = 0
  let pssBytes = 0
  for (const member of tree) {
    const text = readText(`/proc/${member}/smaps_rollup`)
    rssBytes += kibOf(text, 'Rss') * 1024
    pssBytes += kibOf(text, 'Pss') * 1024
  }
  return { rssBytes, pssBytes, processes: tree.length }
}

/** Of the process alone, without those below it. */
export function residentBytesOf(pid: number): number {
  return kibOf(readText(`/proc/${pid}/status`), 'VmRSS') * 1024
}

function statsOf(root: number): Stat[] {
  const all = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(readStat)
    .filter(stat => stat !== undefined)
  const members = all.filter(stat => stat.pid === root)
  // The list grows while it is walked: children, then theirs.
  for (const { pid } of members) members.push(...all.filter(stat => stat.parent === pid))
  return members
}

/** Undefined when the process has gone in the meantime. The name in brackets may hold anything, also brackets. */
function readStat(name: string): Stat | undefined {
  const text = readText(`/proc/${name}/stat`)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  if (fields.length < 15) return undefined
  const seconds = (...indexes: number[]) =>
    indexes.reduce((sum, index) => sum + Number(fields[index]), 0) / ticksPerSecond
  return {
    pid: Number(name),
    parent: Number(fields[1]),
    cpuSeconds: seconds(11, 12, 13, 14),
    ownCpuSeconds: seconds(11, 12),
  }
}

function kibOf(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
