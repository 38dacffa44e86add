import { stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../../kit/log.ts'
import type { Binaries } from './binaries.ts'
import { adminRole, type Passwords } from './cluster.ts'
import { giveTree } from './folders.ts'
import { type OwnerSession, openOwnerSession } from './owner.ts'
import type { Place } from './place.ts'
import { fingerprintSetting, type Settings, startPostmaster, stopPostmaster } from './postmaster.ts'
import { findPostmaster, type PostmasterPid } from './postmaster-pid.ts'
import { isAlive } from './processes.ts'

/** What attaching to the server of a folder gives. */
export type Attachment = {
  pid: number
  host: string
  port: number
  started: boolean
  session: OwnerSession | undefined
}

/** A data folder and all it takes to run it. */
export type Cluster = {
  place: Place
  folder: string
  binaries: Binaries
  settings: Settings
  passwords: Passwords
  log: Log
}

export type AttachOptions = {
  dataDir: string
  /** Use the server of another owner instead of refusing. */
  join?: boolean
}

/** Finds or starts the server and takes the lock; comes back here whenever another process interferes. */
export async function attach(cluster: Cluster, options: AttachOptions): Promise<Attachment> {
  const { place, folder, binaries, settings, passwords, log } = cluster
  let started = false
  let silentSince = Number.POSITIVE_INFINITY
  for (;;) {
    const found = await findPostmaster(folder)
    if (!found.running) {
      if (place.account && (await stat(folder)).uid !== place.account.uid)
        await giveTree(folder, place.account)
      const pid = await startPostmaster({ place, folder, binaries, settings, stalePid: found.stalePid, log })
      started = pid !== undefined
      continue
    }
    const server = found.running
    if (!server.ready) {
      // Starting or stopping under another process; both end.
      await delay(10)
      continue
    }
    const session = await openOwnerSession(urlOf(server, adminRole, passwords.admin, 'postgres')).catch(
      async error => {
        silentSince = Math.min(silentSince, performance.now())
        if (performance.now() - silentSince < 10_000 && (isPassing(error) || !(await isAlive(server.pid))))
          return undefined
        throw new Error(`The database on ${folder} (pid ${server.pid}) runs but does not answer.`, {
          cause: error,
        })
      },
    )
    if (!session) {
      await delay(10)
      continue
    }
    const attachment = { pid: server.pid, host: server.host, port: server.port, started }
    if (!(await takeLock(session))) {
      const ownerPid = await session.findOwnerPid()
      await session.close()
      if (options.join) return { ...attachment, session: undefined }
      if (ownerPid === undefined) continue
      throw new Error(
        `Roundhouse is already running on ${options.dataDir} (pid ${ownerPid}). Stop it, or set DATA_DIR to another folder.`,
      )
    }
    if (session.fingerprint === settings[fingerprintSetting]) return { ...attachment, session }
    log.info('postgres-restart', { pid: server.pid, reason: 'it was started with other settings' })
    if (!(await stopPostmaster(server.pid, folder, binaries)))
      throw new Error(`The database (pid ${server.pid}) does not stop.`)
    await session.ended
  }
}

/** A process that was just killed keeps its lock for some milliseconds, until its session is cleared away. */
async function takeLock(session: OwnerSession): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    if (await session.tryLock()) return true
    const ownerPid = await session.findOwnerPid()
    if (attempt > 100 || (ownerPid !== undefined && (await isAlive(ownerPid)))) return false
    await delay(10)
  }
}

/** Errors of a server that is on its way up or down. */
function isPassing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return ['57P01', '57P02', '57P03', 'ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code)
}

export function urlOf(
  server: Pick<PostmasterPid, 'host' | 'port'>,
  user: string,
  password: string,
  database: string,
): string {
  if (!server.host.startsWith('/'))
    return `postgresql://${user}:${password}@${server.host}:${server.port}/${database}`
  return `postgresql://${user}:${password}@/${database}?host=${encodeURIComponent(server.host)}&port=${server.port}`
}
