import { Cron } from 'croner'

/** The moments that a cron expression names in a time zone. */
export type Schedule = {
  /** The first one after this moment; undefined when there is none. */
  next(after: Date): Date | undefined
  /** The last one that is not later. @param moment In whole seconds. */
  latest(moment: Date): Date | undefined
  upcoming(count: number, after: Date): Date[]
}

/**
 * Five fields; names of months and days, lists, ranges, steps and `L` as cron knows them.
 *
 * Where clocks go forward, a time that is left out (`30 2 * * *`) comes at the first moment behind the gap (03:00); where
 * they go back, a time that comes twice counts the first time. Expressions with `*` or a step in the minutes or hours
 * go by what has passed: the left out times are left out, the repeated ones come twice.
 * @throws Error, one sentence, for what is no such expression, or names no moment.
 */
export function parseSchedule(text: string, timezone: string): Schedule {
  const cron = parse(text, timezone)
  return {
    next: after => cron.nextRun(after) ?? undefined,
    latest: moment => cron.previousRuns(1, new Date(moment.getTime() + 1000))[0],
    upcoming: (count, after) => cron.nextRuns(count, after),
  }
}

function parse(text: string, timezone: string): Cron {
  let cron: Cron
  try {
    cron = new Cron(text, { timezone, mode: '5-part', fixedTimeRule: 'no-wildcard' })
  } catch (error) {
    const why =
      error instanceof Error ? error.message.replace(/^\w+: /, '').replace(/\.$/, '') : String(error)
    throw new Error(`"${text}" is no cron expression of five fields like "30 6 * * 1-5" (${why}).`, {
      cause: error,
    })
  }
  // The same from whatever moment: the 31st of February.
  if (!cron.nextRun(new Date(0))) throw new Error(`"${text}" names no moment that ever comes.`)
  return cron
}
