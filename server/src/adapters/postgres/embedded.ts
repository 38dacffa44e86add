import { realpath, stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { backoffMs } from '../../kit/backoff.ts'
import type { Log } from '../../kit/log.ts'
import { type Binaries, findBinaries } from './embedded/binaries.ts'
import {
  adminRole,
  appRole,
  checkVersion,
  createCluster,
  databaseName,
  type Passwords,
  readPasswords,
} from './embedded/cluster.ts'
import { giveTree } from './embedded/folders.ts'
import { type OwnerSession, openOwnerSession } from './embedded/owner.ts'
import { choosePlace, type Place } from './embedded/place.ts'
import {
  composeSettings,
  fingerprintSetting,
  type Settings,
  startPostmaster,
  stopPostmaster,
} from './embedded/postmaster.ts'
import { findPostmaster, type PostmasterPid } from './embedded/postmaster-pid.ts'
import { isAlive } from './embedded/processes.ts'

export type EmbeddedPostgres = {
  /** Logs in as `roundhouse_admin`: superuser of this cluster, owner of the schema, for migrations. */
  readonly adminUrl: string
  /** Logs in as `roundhouse_app`: may use what migrations grant to it, and create nothing. */
  readonly appUrl: string
  /** The server process; another one after a restart. */
  readonly pid: number
  /** The database was created by this call. */
  readonly firstStart: boolean
  /** The server was running already. */
  readonly adopted: boolean
  /** This process watches over the server and stops it. */
  readonly owner: boolean
  /** Stops the server when this process owns it. Everything acknowledged is on disk whether or not this runs. */
  stop(): Promise<void>
}

export type EmbeddedPostgresOptions = {
  /** The data lie in `dataDir/postgres`, or where that links to. */
  dataDir: string
  log: Log
  /** As root: the existing user that runs the server. Else `node`, `postgres` or `nobody`. */
  user?: string
  /** Server settings beside or instead of our own. */
  settings?: Record<string, string>
  /** Where another process owns the folder: use its server instead of refusing. */
  join?: boolean
}

/** What attaching to the server of a folder gives. */
type Attachment = {
  pid: number
  host: string
  port: number
  started: boolean
  session: OwnerSession | undefined
}

type Cluster = {
  place: Place
  folder: string
  binaries: Binaries
  settings: Settings
  passwords: Passwords
  log: Log
}

/**
 * Starts PostgreSQL on `dataDir/postgres` from the programs that npm installed, creating the database at the first
 * start (about 1.5 s); or takes over a server whose process was killed. The server listens on a unix socket in a
 * folder only its user can enter (Windows: 127.0.0.1), and is started again when it dies.
 *
 * One process owns the folder, by an advisory lock on a session of its own, which a crash releases at once.
 * @throws Error, one sentence, when another process owns it and `join` is not set.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { cluster, firstStart } = await prepare(options)
  const first = await attach(cluster, options)
  const adopted = !first.started
  if (adopted)
    cluster.log.info('postgres-adopt', {
      pid: first.pid,
      folder: cluster.folder,
      owner: first.session !== undefined,
    })
  const owner = first.session ? watchOver(cluster, options, first, first.session) : undefined
  return {
    adminUrl: urlOf(first, adminRole, cluster.passwords.admin, databaseName),
    appUrl: urlOf(first, appRole, cluster.passwords.app, databaseName),
    get pid() {
      return owner?.pid() ?? first.pid
    },
    firstStart,
    adopted,
    owner: owner !== undefined,
    async stop() {
      await owner?.stop()
    },
  }
}

async function prepare(options: EmbeddedPostgresOptions): Promise<{ cluster: Cluster; firstStart: boolean }> {
  const { dataDir, user, log } = options
  let place = await choosePlace({ dataDir, user, log })
  const { account, copiesFolder } = place
  const binaries = await findBinaries({ account, copiesFolder, log })
  const firstStart = place.folder === undefined
  if (firstStart) {
    await createCluster(place, binaries, log)
    place = { ...place, folder: await realpath(place.visible) }
  }
  const folder = place.folder ?? place.visible
  await checkVersion(folder, binaries)
  const settings = await composeSettings(place, binaries, options.settings ?? {})
  const passwords = await readPasswords(folder)
  return { cluster: { place, folder, binaries, settings, passwords, log }, firstStart }
}

/** Finds or starts the server and takes the lock; comes back here whenever another process interferes. */
async function attach(cluster: Cluster, options: EmbeddedPostgresOptions): Promise<Attachment> {
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

/** Starts the server again when it dies. */
function watchOver(
  cluster: Cluster,
  options: EmbeddedPostgresOptions,
  first: Attachment,
  firstSession: OwnerSession,
) {
  const { folder, binaries, log } = cluster
  let pid = first.pid
  let session = firstSession
  let stopping = false
  const wakeUp = new AbortController()

  async function watch(): Promise<void> {
    while (!stopping) {
      await session.ended
      for (let attempt = 1; !stopping; attempt += 1) {
        log.error('postgres-lost', { pid, alive: await isAlive(pid), attempt })
        try {
          const again = await attach(cluster, options)
          if (again.session === undefined) throw new Error('Another process has taken over the database.')
          if (again.pid !== pid)
            log.warn('postgres-restart', { pid: again.pid, reason: 'the server had died' })
          pid = again.pid
          session = again.session
          break
        } catch (error) {
          log.error('postgres-restart-failed', { err: error, attempt })
          await delay(backoffMs(attempt, 100, 5000), undefined, { signal: wakeUp.signal, ref: false }).catch(
            () => {},
          )
        }
      }
    }
  }

  const stopAtExit = () => {
    try {
      process.kill(pid, 'SIGINT')
    } catch {
      // Gone already.
    }
  }
  process.on('exit', stopAtExit)
  const watching = watch()
  let stopped: Promise<void> | undefined

  async function stop(): Promise<void> {
    stopping = true
    wakeUp.abort()
    const startedAt = performance.now()
    let target = pid
    let gone = await stopPostmaster(target, folder, binaries)
    if (gone) await watching
    if (gone && pid !== target) {
      // A restart was under way.
      target = pid
      gone = await stopPostmaster(target, folder, binaries)
    }
    process.off('exit', stopAtExit)
    if (!gone) {
      log.error('postgres-stop-failed', { pid, detail: 'It still runs; the next start takes it over.' })
    }
    await session.close()
    log.info('postgres-stop', { pid, duration_ms: Math.round(performance.now() - startedAt) })
  }

  return {
    pid: () => pid,
    stop() {
      stopped ??= stop()
      return stopped
    },
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

function urlOf(
  server: Pick<PostmasterPid, 'host' | 'port'>,
  user: string,
  password: string,
  database: string,
): string {
  if (!server.host.startsWith('/'))
    return `postgresql://${user}:${password}@${server.host}:${server.port}/${database}`
  return `postgresql://${user}:${password}@/${database}?host=${encodeURIComponent(server.host)}&port=${server.port}`
}
