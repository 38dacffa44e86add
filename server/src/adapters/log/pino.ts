import { pino, stdSerializers } from 'pino'
import { context } from '../../kit/context.ts'
import type { Log, LogFields } from '../../kit/log.ts'

export type LogOutput = Log & {
  /** Writes what is still in memory, synchronously. */
  flush(): void
}

/** Lines are gathered up to this size and written at the latest after `flushMs`: a write per request cost 10 us each. */
const bufferBytes = 4096
const flushMs = 200

/** JSON lines on standard output: `ts, level, event`, the request id and user of the context, then the event's own fields. */
export function createPinoLog({ level }: { level: 'debug' | 'info' | 'warn' | 'error' }): LogOutput {
  const destination = pino.destination({ dest: 1, sync: false, minLength: bufferBytes })
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'event',
      errorKey: 'err',
      serializers: { err: stdSerializers.errWithCause },
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: label => ({ level: label }) },
      mixin() {
        const now = context.getStore()
        return now ? { request_id: now.requestId, user_id: now.userId } : {}
      },
      // The fields given win over those of the context.
      mixinMergeStrategy: (fields, mixed) => ({ ...mixed, ...fields }),
    },
    destination,
  )
  setInterval(() => destination.flush(() => {}), flushMs).unref()

  return {
    debug: (event: string, fields: LogFields = {}) => logger.debug(fields, event),
    info: (event: string, fields: LogFields = {}) => logger.info(fields, event),
    warn: (event: string, fields: LogFields = {}) => logger.warn(fields, event),
    error: (event: string, fields: LogFields = {}) => logger.error(fields, event),
    flush() {
      try {
        destination.flushSync()
      } catch {
        // Not open yet, or the reader has gone: there is nowhere to say so.
      }
    },
  }
}
