import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { LogOutput } from '../adapters/log/pino.ts'
import { migrate } from '../adapters/postgres/migrate.ts'
import { build, type House } from './build.ts'
import {
  type DatabasePlace,
  dataDir,
  type Ground,
  openGround,
  placeDatabase,
  serviceRoleKey,
} from './choose.ts'
import { type Config, isDeployed } from './config.ts'
import { migrationsFolder } from './paths.ts'
import { seedSample } from './sample.ts'

export type Running = {
  /** Where it answers, for people on this machine. */
  url: string
  house: House
  dataDir: string
  serviceRoleKey: string
  /** Stops in phases; fulfils when nothing is left. */
  stop(): Promise<void>
}

/** A database that is starting beside us (compose, a new deployment) gets this long. */
const databaseWaitMs = 30_000
/** Load balancers go on sending for a moment after readiness has gone. */
const deployedGraceMs = 5000

/** Opens everything in order. What was opened is closed again when a later step fails. */
export async function run(config: Config, log: LogOutput): Promise<Running> {
  const opened: (() => Promise<void>)[] = []
  try {
    const place = await placeDatabase(config, log)
    opened.push(async () => place.embedded?.stop())
    await migrateWhenReachable(place, log)
    const ground = await openGround(config, place, log)
    opened.push(ground.close)
    const key = await serviceRoleKey(config)
    const house = await build(config, ground, key, log)
    opened.push(house.close)
    await house.app.listen({
      port: config.PORT,
      host: config.HOST ?? (isDeployed(config) ? '::' : '127.0.0.1'),
    })
    opened.push(async () => void (await house.app.close()))
    if (config.SAMPLE_MODEL) await seedSample(house.registry, log)
    await house.open()
    const url = urlOf(house.app.server.address())
    log.info('server-start', {
      url,
      version: house.version,
      environment: config.ENVIRONMENT,
      pid: process.pid,
    })
    return {
      url,
      house,
      dataDir: await dataDir(config),
      serviceRoleKey: key,
      stop: () => stop(config, house, ground, place, log),
    }
  } catch (error) {
    for (const close of opened.reverse()) await close().catch(() => {})
    throw error
  }
}

async function migrateWhenReachable(place: DatabasePlace, log: LogOutput): Promise<void> {
  const deadline = Date.now() + databaseWaitMs
  for (;;) {
    try {
      await migrate({ url: place.adminUrl, folder: migrationsFolder, log })
      return
    } catch (error) {
      if (!isUnreachable(error) || Date.now() > deadline) throw error
      log.warn('database-wait', { err: error })
      await delay(1000)
    }
  }
}

/** Refused, unknown yet, or still starting up (57P03). */
function isUnreachable(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', '57P03'].includes(String(error.code))
  )
}

async function stop(
  config: Config,
  house: House,
  ground: Ground,
  place: DatabasePlace,
  log: LogOutput,
): Promise<void> {
  const drainMs = config.DRAIN_SECONDS * 1000
  const phase = async (name: string, work: () => Promise<unknown>, limitMs: number) => {
    const startedAt = performance.now()
    const ended = await Promise.race([work().then(() => true), delay(limitMs, false, { ref: false })]).catch(
      error => {
        log.error('stop-phase-fail', { phase: name, err: error })
        return true
      },
    )
    log.info('stop-phase', {
      phase: name,
      duration_ms: Math.round(performance.now() - startedAt),
      ...(ended ? {} : { cut_off: true }),
    })
  }
  house.health.stop()
  if (isDeployed(config) && drainMs >= 12_000)
    await phase('grace', () => delay(deployedGraceMs), deployedGraceMs + 100)
  await phase('http', () => house.app.close(), drainMs / 2)
  await phase('models', house.close, drainMs / 4)
  await phase('connections', ground.close, 3000)
  if (place.embedded) await phase('postgres', place.embedded.stop, 15_000)
  log.info('server-stop')
  log.flush()
}

function urlOf(address: string | AddressInfo | null): string {
  if (address === null || typeof address === 'string') return String(address)
  const host = ['::', '0.0.0.0', '127.0.0.1', '::1'].includes(address.address)
    ? 'localhost'
    : address.address.includes(':')
      ? `[${address.address}]`
      : address.address
  return `http://${host}:${address.port}`
}
