import { systemClock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import { keepLog, type LogKeeper } from '../logs/keep-log.ts'
import type { Config } from './settings.ts'

/** As the configuration asks. Made before the database is there, so that the start is kept too. */
export function logKeeper(config: Config, log: Log): LogKeeper {
  return keepLog({
    log,
    clock: systemClock,
    perSecond: config.LOG_LINES_PER_SECOND,
    least: config.LOG_LEVEL,
  })
}
