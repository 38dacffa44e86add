import { once } from 'node:events'
import { createPinoLog, type LogOutput } from '../adapters/log/pino.ts'
import { isDeployed } from '../start/config.ts'
import { readConfiguration } from '../start/declared-models.ts'
import { type Running, run } from '../start/run.ts'
import type { Config } from '../start/settings.ts'
import { welcome } from './welcome.ts'

/** Runs until SIGTERM or SIGINT, also while it is still starting; a second one ends it at once. */
export async function startCommand(): Promise<void> {
  const { config, declared } = await readConfiguration(process.env, process.cwd())
  const log = createPinoLog({ level: config.LOG_LEVEL })
  const stopAsked = new AbortController()
  const { signal: stopSignal } = stopAsked

  function onSignal(signal: NodeJS.Signals): void {
    if (stopSignal.aborted) endNow(log)
    log.info('server-stopping', { signal })
    // Whatever hangs: out before the platform kills.
    setTimeout(
      () => fatal(log, 'stop-overrun', new Error('The phases of stopping took too long')),
      Math.max(1000, config.DRAIN_SECONDS * 1000 - 2000),
    ).unref()
    stopAsked.abort()
  }

  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  process.on('uncaughtException', error => fatal(log, 'process-crash', error))
  process.on('unhandledRejection', error => fatal(log, 'process-crash', error))

  try {
    const running = await run(config, declared, log, stopSignal)
    if (!stopSignal.aborted) {
      await greet(config, log, running)
      await once(stopSignal, 'abort')
    }
    if (!(await running.stop())) endNow(log)
  } catch (error) {
    log.flush()
    if (error !== stopSignal.reason) throw error
  }
  process.exit(0)
}

/** For people in development; where logs are collected every line stays JSON. */
async function greet(config: Config, log: LogOutput, running: Running): Promise<void> {
  const { signIn, publicUrl } = running.house
  const base = config.PUBLIC_URL === undefined ? running.url : publicUrl
  // After the #: a browser sends no server what stands there, so that it is in no log but this one.
  const link = (await signIn.needsSetup()) ? `${base}/setup#${signIn.setupToken}` : undefined
  log.flush()
  if (!isDeployed(config)) process.stdout.write(welcome(running, link))
  // No log line: whoever reads the collected logs must not become the administrator.
  else if (link !== undefined) process.stderr.write(`Make the first administrator at ${link}\n`)
}

function fatal(log: LogOutput, event: string, error: unknown): never {
  log.error(event, { err: error })
  endNow(log)
}

/**
 * `process.exit` waits for the threads, and one that is inside a run of a model cannot be interrupted: a second
 * SIGTERM took 8 s during a long run, and would take forever during one that hangs. The handlers of `exit` stop the
 * embedded database.
 */
function endNow(log: LogOutput): never {
  log.flush()
  process.emit('exit', 1)
  process.kill(process.pid, 'SIGKILL')
  throw new Error('unreachable')
}
