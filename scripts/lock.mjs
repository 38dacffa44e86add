import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const heartbeatMs = 1000
/** An owner of this machine that is dead may have died between two heartbeats. */
const deadAfterMs = 3000
/** An owner we cannot ask (another machine or container) is taken for dead. */
const silentAfterMs = 60_000

/**
 * Does the work while no other process does work under the same lock, also in another container on a shared disk.
 * The lock is a folder with its owner's name in it; it outlives a killed owner by seconds, and its child processes
 * named by `alsoRunning` never.
 * @template T
 * @param {string} folder
 * @param {() => void} onWait called once when another process holds the lock
 * @param {(alsoRunning: (pid: number) => void) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(folder, onWait, work) {
  const owner = { token: randomUUID(), host: hostname(), pids: [process.pid] }
  let waited = false
  while (!take(folder, owner)) {
    const holder = readOwner(folder)
    if (holder && isAbandoned(folder, holder)) {
      drop(folder, holder.token)
      continue
    }
    if (!waited) onWait()
    waited = true
    await sleep(200)
  }

  const sign = () => writeFileSync(join(folder, 'owner'), JSON.stringify(owner))
  const heartbeat = setInterval(sign, heartbeatMs)
  try {
    return await work(pid => {
      owner.pids.push(pid)
      sign()
    })
  } finally {
    clearInterval(heartbeat)
    drop(folder, owner.token)
  }
}

/** The folder appears with its owner inside or not at all: a folder is never renamed onto one that is not empty. */
function take(folder, owner) {
  const prepared = `${folder}.${owner.token}`
  mkdirSync(dirname(folder), { recursive: true })
  mkdirSync(prepared)
  writeFileSync(join(prepared, 'owner'), JSON.stringify(owner))
  try {
    renameSync(prepared, folder)
    return true
  } catch (error) {
    rmSync(prepared, { recursive: true })
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(error.code)) return false
    throw error
  }
}

/** Removes the lock of that owner. When another has it by now, that one gets it back. */
function drop(folder, token) {
  const aside = `${folder}.${token}.gone`
  try {
    renameSync(folder, aside)
    if (readOwner(aside)?.token === token) rmSync(aside, { recursive: true })
    else renameSync(aside, folder)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}

function readOwner(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'owner'), 'utf8'))
  } catch {
    // Gone, or in the middle of being written: the next look will tell.
    return undefined
  }
}

function isAbandoned(folder, holder) {
  const silentMs =
    Date.now() - (statSync(join(folder, 'owner'), { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  if (silentMs > silentAfterMs) return true
  return silentMs > deadAfterMs && holder.host === hostname() && !holder.pids.some(isAlive)
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}
