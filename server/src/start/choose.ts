import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import type { SignInTables } from '../accounts/sign-in/store.ts'
import type { AccountTables } from '../accounts/store.ts'
import { createMemoryCache } from '../adapters/cache/memory.ts'
import { createMemoryCounters } from '../adapters/counters/memory.ts'
import { openFolderStore } from '../adapters/files/folder.ts'
import { openOutbound } from '../adapters/outbound/outbound.ts'
import { openPgBossQueue } from '../adapters/pg-boss/queue.ts'
import { openAppSql } from '../adapters/postgres/app-sql.ts'
import { openPostgresBus } from '../adapters/postgres/bus.ts'
import { readConnection } from '../adapters/postgres/connection.ts'
import { openDatabase } from '../adapters/postgres/database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../adapters/postgres/embedded.ts'
import type { AlertTables } from '../admin/alerts/store.ts'
import type { AdminTables } from '../admin/store.ts'
import type { AgentTables } from '../agents/store.ts'
import type { CreditTables } from '../credits/store.ts'
import type { EmbedTables } from '../embeds/store.ts'
import type { FileTables } from '../files/store.ts'
import type { JobTables } from '../jobs/store.ts'
import type { Log } from '../kit/log.ts'
import type { KnowledgeTables } from '../knowledge/store.ts'
import type { ModelTables } from '../models/store.ts'
import type { AppSql } from '../ports/app-sql.ts'
import type { ArtifactSource } from '../ports/artifact-source.ts'
import type { Bus } from '../ports/bus.ts'
import type { Cache } from '../ports/cache.ts'
import type { Counters } from '../ports/counters.ts'
import type { Database } from '../ports/database.ts'
import type { FileStore } from '../ports/file-store.ts'
import type { Outbound } from '../ports/outbound.ts'
import type { Queue } from '../ports/queue.ts'
import type { Tracer } from '../ports/tracer.ts'
import type { PredictionTables } from '../predictions/store.ts'
import type { ProviderTables } from '../providers/store.ts'
import type { ReportTables } from '../reports/store.ts'
import type { GatewayTables } from '../runs/gateway/store.ts'
import type { SecretTables } from '../settings/store.ts'
import type { TaskTables } from '../tasks/store.ts'
import { packageVersion } from './package-version.ts'
import type { Config } from './settings.ts'

/** Where the database is, and who logs in for what. */
export type DatabasePlace = {
  adminUrl: string
  appUrl: string
  /** The role to take on after connecting, where the login itself may do more. */
  role: string | undefined
  embedded: EmbeddedPostgres | undefined
}

/** What the rooms own, together. */
export type HouseTables = AccountTables &
  SignInTables &
  AdminTables &
  AgentTables &
  AlertTables &
  CreditTables &
  EmbedTables &
  GatewayTables &
  JobTables &
  KnowledgeTables &
  ModelTables &
  PredictionTables &
  ProviderTables &
  ReportTables &
  SecretTables &
  TaskTables &
  FileTables

/** The adapters behind the ports, as the configuration asks. */
export type Ground = {
  database: Database<HouseTables>
  /** The tables of the tasks' own. */
  appSql: AppSql
  counters: Counters
  bus: Bus
  queue: Queue
  cache: Cache
  files: FileStore
  /** To addresses that users choose. */
  outbound: Outbound
  /** Storages that models are fetched from, beside the buckets of this server. */
  artifacts: readonly ArtifactSource[]
  /** Null where nobody collects spans. */
  tracer: Tracer | null
  close(): Promise<void>
}

/** @param join Use the running server's database instead of refusing to share its folder. */
export async function placeDatabase(config: Config, log: Log, join = false): Promise<DatabasePlace> {
  if (config.DATABASE_URL !== undefined) {
    return {
      adminUrl: config.DATABASE_ADMIN_URL ?? config.DATABASE_URL,
      appUrl: config.DATABASE_URL,
      role: 'roundhouse_app',
      embedded: undefined,
    }
  }
  const user = config.EMBEDDED_POSTGRES_USER
  const embedded = await startEmbeddedPostgres({
    dataDir: await dataDir(config),
    log,
    join,
    ...(user === undefined ? {} : { user }),
  })
  return { adminUrl: embedded.adminUrl, appUrl: embedded.appUrl, role: undefined, embedded }
}

/** What was opened is closed again when a later part fails: it would keep a failed start alive. */
export async function openGround(config: Config, place: DatabasePlace, log: Log): Promise<Ground> {
  const connection = {
    url: place.appUrl,
    ...(place.role === undefined ? {} : { role: place.role }),
    applicationName: `rh-api-${process.pid}`,
  }
  const opened: { close(): Promise<void> }[] = []
  const close = async () => void (await Promise.all(opened.map(part => part.close())))
  try {
    const files = await openFiles(config, log)
    const cache = await openCache(config, log)
    opened.push(cache)
    const counters = await openCounters(config, log)
    opened.push(counters)
    const bus = await openPostgresBus({ ...connection, applicationName: `rh-bus-${process.pid}`, log })
    opened.push(bus)
    const database = openDatabase<HouseTables>({
      ...connection,
      max: config.DATABASE_POOL_SIZE - systemConnections(config),
      systemMax: systemConnections(config),
      log,
    })
    opened.push(database)
    const appSql = openAppSql({
      ...connection,
      applicationName: `rh-task-${process.pid}`,
      max: taskConnections,
      log,
    })
    opened.push(appSql)
    const queue = await openPgBossQueue({
      connection: readConnection({ ...connection, applicationName: `rh-boss-${process.pid}` }, log),
      works: config.ROLES.includes('worker'),
      log,
    })
    opened.push(queue)
    const outbound = openOutbound({ allowed: config.OUTBOUND_ALLOW })
    opened.push(outbound)
    const artifacts = await openArtifacts(config, log)
    const tracer = await openTracer(config, log)
    if (tracer) opened.push(tracer)
    return { database, appSql, bus, queue, cache, counters, files, outbound, artifacts, tracer, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openFiles(config: Config, log: Log): Promise<FileStore> {
  const folder = await dataDir(config)
  const { FILES_URL: place, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config
  if (place === undefined || accessKeyId === undefined || secretAccessKey === undefined)
    return await openFolderStore({ folder: join(folder, 'files') })
  const { openS3Store } = await import('../adapters/files/s3.ts')
  const publicEndpoint = config.S3_PUBLIC_ENDPOINT
  return await openS3Store({
    place,
    ...(publicEndpoint === undefined ? {} : { publicEndpoint }),
    credentials: { accessKeyId, secretAccessKey },
    cacheFolder: join(folder, 'files-cache'),
    cacheBytes: config.FILES_CACHE_BYTES,
    log,
  })
}

/** What others put into the storage of `FILES_URL`, in any of its buckets. */
async function openArtifacts(config: Config, log: Log): Promise<ArtifactSource[]> {
  const { FILES_URL: place, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config
  if (place === undefined || accessKeyId === undefined || secretAccessKey === undefined) return []
  const { createS3Artifacts } = await import('../adapters/files/s3/artifacts.ts')
  return [createS3Artifacts({ place, credentials: { accessKeyId, secretAccessKey }, log })]
}

async function openTracer(config: Config, log: Log): Promise<Tracer | null> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers = {} } = config
  if (endpoint === undefined) return null
  // Loaded only where it is used: it is many modules.
  const { openOtelTracer } = await import('../adapters/otel/tracer.ts')
  const version = await packageVersion()
  return openOtelTracer({ endpoint, headers, serviceName: config.OTEL_SERVICE_NAME, version, log })
}

async function openCounters(config: Config, log: Log): Promise<Counters> {
  if (config.REDIS_URL === undefined) return createMemoryCounters()
  const { openRedisCounters } = await import('../adapters/redis/counters.ts')
  return openRedisCounters({ url: config.REDIS_URL, prefix: 'roundhouse:count:', log })
}

/** Opened by what a task does, so in workers alone. */
const taskConnections = 5

/** A third of the pool. */
function systemConnections(config: Config): number {
  return Math.max(1, Math.floor(config.DATABASE_POOL_SIZE / 3))
}

async function openCache(config: Config, log: Log): Promise<Cache> {
  if (config.REDIS_URL === undefined) return createMemoryCache({ maxBytes: config.CACHE_PREDICTION_BYTES })
  // Loaded only where it is used: its client takes 180 ms of the start.
  const { openRedisCache } = await import('../adapters/redis/cache.ts')
  return openRedisCache({ url: config.REDIS_URL, prefix: 'roundhouse:prediction:', log })
}

/** The secrets of this installation. */
export type HouseKeys = {
  /** All rights, server to server. */
  serviceRole: string
  /** Signs cookies and one-time links. */
  secret: string
  /** Encrypts stored secrets. */
  encryption: string
}

/**
 * The configured keys; in development those not given are made once and kept beside the data.
 * @throws Error, one sentence, when a kept file holds no key: an empty one would let everyone in.
 */
export async function houseKeys(config: Config): Promise<HouseKeys> {
  return {
    serviceRole: await keyOf(config, 'SERVICE_ROLE_KEY', 'rh_'),
    secret: await keyOf(config, 'SECRET_KEY', ''),
    encryption: await keyOf(config, 'ENCRYPTION_KEY', ''),
  }
}

async function keyOf(
  config: Config,
  name: 'SERVICE_ROLE_KEY' | 'SECRET_KEY' | 'ENCRYPTION_KEY',
  prefix: string,
): Promise<string> {
  const given = config[name]
  if (given !== undefined) return given
  const path = join(await dataDir(config), name.toLowerCase().replaceAll('_', '-'))
  const kept =
    (await readKept(path)) ?? (await keep(path, `${prefix}${randomBytes(32).toString('base64url')}`))
  if (kept.length >= 32) return kept
  throw new Error(`${path} holds no key. Remove it to get a new one, or set ${name}.`)
}

async function readKept(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** The file appears with the key in it or not at all: another replica may be reading. The first one's key counts. */
async function keep(path: string, key: string): Promise<string> {
  const draft = `${path}.${randomUUID()}`
  try {
    await writeFile(draft, `${key}\n`, { mode: 0o600, flush: true })
    await link(draft, path)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    await rm(draft, { force: true })
  }
  return (await readKept(path)) ?? ''
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

export function lanes(config: Config): number {
  return config.MODEL_LANES ?? Math.min(4, Math.max(1, availableParallelism() - 1))
}

export async function dataDir(config: Config): Promise<string> {
  const folder = resolve(config.DATA_DIR)
  await mkdir(folder, { recursive: true })
  return folder
}
