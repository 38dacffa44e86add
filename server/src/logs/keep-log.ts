import type { LogLevel } from '@roundhouse/sdk/contract'
import { createAllowance } from '../kit/allowance.ts'
import type { Clock } from '../kit/clock.ts'
import { context } from '../kit/context.ts'
import type { Log, LogFields } from '../kit/log.ts'
import { createWriteBehind } from '../kit/write-behind.ts'
import type { NewLine } from './line.ts'
import { newLine } from './new-line.ts'

/** Keeps what is logged, beside where it goes anyway. */
export type LogKeeper = {
  /** Says everything to the log it was made of too. */
  readonly log: Log
  /** Lines are written from here on; those of before wait for it. */
  open(write: (lines: readonly NewLine[]) => Promise<void>): void
  /** Writes what waits, within the limit. What is said later goes to the other log alone. */
  close(timeoutMs: number): Promise<void>
}

const levels = { debug: 0, info: 1, warn: 2, error: 3 } as const satisfies Record<LogLevel, number>
/** Of a start. */
const maxEarly = 1000
/** Seconds of the allowance that may come at once. */
const burstSeconds = 20
/** Warnings and errors have their own, so that a flood of requests cannot hide them. */
const troublePerSecond = 100
const troubleBurst = 5000
/** How often a flood is told of what it cost. */
const tellSkippedMs = 10_000

/**
 * No line is waited for: it is put into memory, and written in batches behind (`kit/write-behind.ts`).
 * @param perSecond Lines a second that are kept in the long run: so many of `request-end`, and as many of other events.
 * @param least Below it nothing is kept.
 */
export function keepLog(options: { log: Log; clock: Clock; perSecond: number; least: LogLevel }): LogKeeper {
  const { log, clock, perSecond, least } = options
  const allow = (rate: number, burst: number) =>
    createAllowance({ perSecond: rate, burst, elapsed: clock.elapsed })
  const requests = allow(perSecond, perSecond * burstSeconds)
  const events = allow(perSecond, perSecond * burstSeconds)
  const trouble = allow(troublePerSecond, troubleBurst)
  let early: NewLine[] = []
  let keep = (line: NewLine) => {
    if (early.length < maxEarly) early.push(line)
  }
  let close: LogKeeper['close'] = async () => {}
  let number = 0
  let skipped = 0
  let isTelling = false

  function take(level: LogLevel, event: string, fields: LogFields): void {
    const isTrouble = levels[level] >= levels.warn || Number(fields.status) >= 500
    const allowance = isTrouble ? trouble : event === 'request-end' ? requests : events
    if (allowance.take()) add(level, event, fields)
    else skip()
  }

  function add(level: LogLevel, event: string, fields: LogFields): void {
    number += 1
    keep(newLine({ number, at: clock.now(), level, event }, fields, context.getStore()))
  }

  function skip(): void {
    skipped += 1
    if (isTelling) return
    isTelling = true
    clock.after(tellSkippedMs, tellSkipped)
  }

  function tellSkipped(): void {
    isTelling = false
    if (skipped > 0)
      // Of no request, whichever it was that began the wait.
      add('info', 'log-skip', {
        request_id: null,
        lines: skipped,
        reason: 'more came than LOG_LINES_PER_SECOND',
      })
    skipped = 0
  }

  const say =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      log[level](event, fields)
      if (levels[level] >= levels[least]) take(level, event, fields)
    }

  return {
    log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    open(write) {
      // Says what goes wrong with it to the other log: each line about a line would be one more.
      const rows = createWriteBehind({ insert: write, charsOf, name: 'log-line', clock, log })
      for (const line of early) rows.add(line)
      early = []
      keep = rows.add
      close = timeoutMs => {
        if (skipped > 0) tellSkipped()
        return rows.close(timeoutMs)
      }
    },
    close: timeoutMs => close(timeoutMs),
  }
}

function charsOf({ path, fields }: NewLine): number {
  return 200 + (path?.length ?? 0) + (fields?.length ?? 0)
}
