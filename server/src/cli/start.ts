import { createPinoLog, type LogOutput } from '../adapters/log/pino.ts'
import { type Config, isDeployed, readConfig } from '../start/config.ts'
import { type Running, run } from '../start/run.ts'
import { welcome } from './welcome.ts'

/** Runs until SIGTERM or SIGINT; a second one ends it at once. */
export async function startCommand(): Promise<void> {
  const config = readConfig(process.env)
  const log = createPinoLog({ level: config.LOG_LEVEL })
  let starting: Promise<Running> | undefined
  let stopping = false

  function onSignal(signal: NodeJS.Signals): void {
    if (stopping) {
      log.flush()
      process.exit(1)
    }
    stopping = true
    log.info('server-stopping', { signal })
    // Whatever hangs: out before the platform kills.
    setTimeout(
      () => fatal(log, 'stop-overrun', new Error('The phases of stopping took too long')),
      Math.max(1000, config.DRAIN_SECONDS * 1000 - 2000),
    ).unref()
    void starting
      ?.then(running => running.stop())
      .then(
        () => process.exit(0),
        () => process.exit(1),
      )
  }

  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  process.on('uncaughtException', error => fatal(log, 'process-crash', error))
  process.on('unhandledRejection', error => fatal(log, 'process-crash', error))

  starting = run(config, log)
  try {
    const running = await starting
    if (!stopping) greet(config, log, running)
  } catch (error) {
    log.flush()
    throw error
  }
}

/** For people in development; where logs are collected every line stays JSON. */
function greet(config: Config, log: LogOutput, running: Running): void {
  log.flush()
  if (!isDeployed(config)) process.stdout.write(welcome(running))
}

function fatal(log: LogOutput, event: string, error: unknown): never {
  log.error(event, { err: error })
  log.flush()
  process.exit(1)
}
