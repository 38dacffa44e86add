import { wholeNumber } from './setting-forms.ts'

/** What is kept of the log lines. */
export const logSettings = {
  LOG_LINES_PER_SECOND: {
    schema: wholeNumber(0, 100_000),
    default: '100',
    meaning:
      'Log lines that each process keeps in the database a second, in the long run: so many of requests, and as many of other events; 20 seconds of it may come at once. Warnings and errors have 100 a second of their own. The log on standard output has every line.',
  },
  LOG_RETENTION_DAYS: {
    schema: wholeNumber(1, 3650),
    default: '7',
    meaning: 'Days that a line is kept in the database.',
  },
  LOG_RETENTION_LINES: {
    schema: wholeNumber(1000),
    default: '1000000',
    meaning: 'Lines that are kept at most, the newest; a million take about 500 MB.',
  },
} as const
