import { pino, stdSerializers } from 'pino'
import { context } from '../../kit/context.ts'
import type { Log, LogFields } from '../../kit/log.ts'
import { createOutput } from './output.ts'

export type LogOutput = Log & {
  /** Writes what is still in memory, synchronously. */
  flush(): void
}

/** JSON lines on standard output: `ts, level, event`, the request id and user of the context, then the event's own fields. */
export function createPinoLog({ level }: { level: 'debug' | 'info' | 'warn' | 'error' }): LogOutput {
  const output = createOutput(1)
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'event',
      errorKey: 'err',
      serializers: { err: stdSerializers.errWithCause },
      timestamp: createTimestamp(),
      formatters: { level: label => ({ level: label }) },
      mixin() {
        const now = context.getStore()
        return now ? { request_id: now.requestId, user_id: now.userId } : nothing
      },
      // The fields given win over those of the context; a line that names its request has them all.
      mixinMergeStrategy: (fields, mixed) =>
        mixed === nothing || 'request_id' in fields ? fields : { ...mixed, ...fields },
    },
    output,
  )

  return {
    debug: (event: string, fields: LogFields = {}) => logger.debug(fields, event),
    info: (event: string, fields: LogFields = {}) => logger.info(fields, event),
    warn: (event: string, fields: LogFields = {}) => logger.warn(fields, event),
    error: (event: string, fields: LogFields = {}) => logger.error(fields, event),
    flush: output.flush,
  }
}

const nothing = {}

/** Printed once per millisecond: many requests end in one. */
function createTimestamp(): () => string {
  let lastMs = 0
  let text = ''
  return () => {
    const ms = Date.now()
    if (ms !== lastMs) {
      lastMs = ms
      text = `,"ts":"${new Date(ms).toISOString()}"`
    }
    return text
  }
}
