import { bytes, count, counted, duration } from '../../ui/format.ts'

const names: Record<string, string> = {
  MAX_MODEL_SIZE_BYTES: 'Largest model',
  MAX_FILE_SIZE_BYTES: 'Largest file',
  MAX_PREDICT_BODY_BYTES: 'Largest prediction',
  PREDICT_TIMEOUT_MS: 'Time for a prediction',
  RUN_CONCURRENCY: 'Runs at once',
  PREDICTION_RETENTION_DAYS: 'Predictions are kept',
  JOB_RETENTION_DAYS: 'Jobs are kept',
  THREAD_RETENTION_DAYS: 'Threads are kept',
  METRICS_RETENTION_DAYS: 'Metrics are kept',
  LOG_RETENTION_DAYS: 'Logs are kept',
}

/** What a setting limits, in words; its own name where there are none. */
export function nameOfLimit(name: string): string {
  return names[name] ?? name
}

/** Its value with the unit that its name says. */
export function limitText(name: string, value: number): string {
  if (name.endsWith('_BYTES')) return bytes(value)
  if (name.endsWith('_MS')) return duration(value)
  if (name.endsWith('_SECONDS')) return duration(value * 1000)
  if (name.endsWith('_DAYS')) return counted(value, 'day')
  return count(value)
}

/** The same for a value that came as text. */
export function settingText(name: string, value: string): string {
  const number = Number(value)
  const hasUnit = /_(BYTES|MS|SECONDS|DAYS)$/.test(name)
  return hasUnit && value !== '' && Number.isFinite(number) ? limitText(name, number) : value
}
