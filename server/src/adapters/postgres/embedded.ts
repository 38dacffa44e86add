import { realpath } from 'node:fs/promises'
import type { Log } from '../../kit/log.ts'
import { attach, type Cluster, urlOf } from './embedded/attach.ts'
import { findBinaries } from './embedded/binaries.ts'
import {
  adminRole,
  appRole,
  checkVersion,
  createCluster,
  databaseName,
  readPasswords,
} from './embedded/cluster.ts'
import { choosePlace } from './embedded/place.ts'
import { composeSettings } from './embedded/postmaster.ts'
import { watchOver } from './embedded/watch.ts'

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
