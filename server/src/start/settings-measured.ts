import { wholeNumber } from './setting-forms.ts'

/** Settings of what is measured over time. */
export const measuredSettings = {
  METRICS_SAMPLE_SECONDS: {
    schema: wholeNumber(1, 300),
    default: '15',
    meaning:
      'Seconds between two samples of what each process measures; kept for a day, and those of five minutes for `METRICS_RETENTION_DAYS`. The same for all processes.',
  },
  METRICS_RETENTION_DAYS: {
    schema: wholeNumber(1, 366),
    default: '7',
    meaning: 'Days that what was measured is kept.',
  },
} as const
