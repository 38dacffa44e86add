import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { isProblem } from '@roundhouse/sdk/contract'
import type { LogOutput } from '../adapters/log/pino.ts'
import { migrate } from '../adapters/postgres/migrate.ts'
import { systemClock } from '../kit/clock.ts'
import { build, type House } from './build.ts'
import { type DatabasePlace, dataDir, type Ground, houseKeys, openGround, placeDatabase } from './choose.ts'
import { closeDoors } from './close-doors.ts'
import { isDeployed } from './config.ts'
import type { Declared } from './declared-models.ts'
import { appMigrationsFolder } from './declared-tasks.ts'
import { installer } from './install.ts'
import { hostsOf, listen } from './listen.ts'
import { logKeeper } from './log-keeper.ts'
import { migrationsFolder } from './paths.ts'
import { seedSample } from './sample.ts'
import type { Config } from './settings.ts'
import { stopLimits } from './stop-limits.ts'
import { waitForStorage } from './storage-wait.ts'

export type Running = {
  /** Where it answers, for people on this machine. */
  url: string
  house: House
  dataDir: string
  serviceRoleKey: string
  /** Stops in phases. False when something had to be cut off and may still be running in this process. */
  stop(): Promise<boolean>
}

/** A database that is starting beside us (compose, a new deployment) gets this long. */
const databaseWaitMs = 30_000
/** Jobs that are not done by then are handed back; it is over within 2 s. */
const jobGraceMs = 1000
const jobLimitMs = 2000
/** Our own database gets this long besides: what was acknowledged is on disk anyway, but the next start is quicker. */
const postgresStopMs = 15_000

/**
 * Opens everything in order. What was opened is closed again when a later step fails, or when `signal` asks to stop
 * before the end; then it throws the signal's reason.
 */
export async function run(
  config: Config,
  declared: Declared,
  output: LogOutput,
  signal: AbortSignal,
): Promise<Running> {
  const opened: (() => Promise<void>)[] = []
  const keeper = logKeeper(config, output)
  const log = { ...keeper.log, flush: output.flush }
  try {
    const place = await placeDatabase(config, log)
    opened.push(async () => place.embedded?.stop())
    await migrateWhenReachable(place, declared, log, signal)
    const ground = await openGround(config, place, log)
    opened.push(ground.close)
    const keys = await houseKeys(config)
    const house = await build(config, declared, ground, keys, keeper)
    opened.push(house.close)
    signal.throwIfAborted()
    await listen(house.app, config.PORT, hostsOf(config))
    opened.push(() => closeDoors(house, 0))
    if (config.SAMPLE_MODEL) await seedSample(house.registry, log)
    const startedAt = systemClock.elapsed()
    await house.prepare(signal)
    await house.open()
    if (config.ROLES.includes('worker')) {
      await house.background.worker.start()
      opened.push(() => house.background.worker.stop(0))
    }
    await waitForStorage({
      check: ground.files.check,
      reasons: house.serving.reasons,
      clock: systemClock,
      startedAt,
      signal,
    })
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
      serviceRoleKey: keys.serviceRole,
      stop: () => stop(config, house, ground, place, log),
    }
  } catch (error) {
    for (const close of opened.reverse()) await close().catch(() => {})
    throw error
  }
}

async function migrateWhenReachable(
  place: DatabasePlace,
  declared: Declared,
  log: LogOutput,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + databaseWaitMs
  const appFolder = appMigrationsFolder(declared.file)
  for (;;) {
    signal.throwIfAborted()
    try {
      await migrate({
        url: place.adminUrl,
        folder: migrationsFolder,
        install: installer(log),
        appFolder,
        log,
      })
      return
    } catch (error) {
      // A wrong password or a broken migration will not mend itself.
      const mayCome = isProblem(error) && error.code === 'database-unavailable'
      if (!mayCome || Date.now() > deadline) throw error
      log.warn('database-wait', { err: error })
      await delay(1000, undefined, { signal }).catch(() => {})
    }
  }
}

async function stop(
  config: Config,
  house: House,
  ground: Ground,
  place: DatabasePlace,
  log: LogOutput,
): Promise<boolean> {
  let complete = true
  const limits = stopLimits(config.DRAIN_SECONDS * 1000, isDeployed(config))
  const phase = async (name: string, work: () => Promise<unknown>, limitMs: number) => {
    const startedAt = performance.now()
    const ended = await Promise.race([work().then(() => true), delay(limitMs, false, { ref: false })]).catch(
      error => {
        log.error('stop-phase-fail', { phase: name, err: error })
        return true
      },
    )
    complete &&= ended
    log.info('stop-phase', {
      phase: name,
      duration_ms: Math.round(performance.now() - startedAt),
      ...(ended ? {} : { cut_off: true }),
    })
  }
  house.health.stop()
  // First of all: another worker begins what this one gives back.
  await phase('jobs', () => house.background.worker.stop(jobGraceMs), jobLimitMs)
  if (limits.graceMs > 0) await phase('grace', () => delay(limits.graceMs), limits.graceMs + 100)
  await phase('http', () => closeDoors(house, limits.answersMs), limits.httpMs)
  await phase('models', house.close, limits.modelsMs)
  await phase('connections', ground.close, limits.connectionsMs)
  if (place.embedded) await phase('postgres', place.embedded.stop, postgresStopMs)
  log.info('server-stop')
  log.flush()
  return complete
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
