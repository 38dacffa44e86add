import { hostname } from 'node:os'
import { createSmtp } from '../adapters/smtp/smtp.ts'
import { createWebhook } from '../adapters/webhook/webhook.ts'
import { type Alerts, createAlerts } from '../admin/alerts/alerts.ts'
import { type AlertTables, createAlertStore } from '../admin/alerts/store.ts'
import { highErrorRate, jobsFailed, lowDisk, taskFailed, type Watch } from '../admin/alerts/watches.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ids } from '../kit/ids.ts'
import type { Log } from '../kit/log.ts'
import type { AlertChannel } from '../ports/alert-channel.ts'
import type { Database } from '../ports/database.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { Config } from './settings.ts'

/** Who is told of what. `tasks` names those that are declared: others are of the past. */
export function buildAlerts(parts: {
  config: Config
  metrics: Pick<Metrics, 'requests'>
  database: Database<AlertTables>
  tasks: readonly string[]
  /** Told of each that opens or is over. */
  changed: (id: string) => void
  clock: Clock
  ids: Ids
  log: Log
}): Alerts {
  const { config, clock } = parts
  const host = hostname()
  return createAlerts({ ...parts, host, channels: channels(config, clock), watches: watches(parts, host) })
}

function channels(config: Config, clock: Clock): AlertChannel[] {
  const {
    ALERT_WEBHOOK_URL: url,
    ALERT_WEBHOOK_SECRET: secret,
    ALERT_EMAIL_TO: to,
    SMTP_URL: server,
    SMTP_FROM: from,
  } = config
  return [
    url !== undefined && secret !== undefined ? createWebhook({ url, secret, now: clock.now }) : [],
    to !== undefined && server !== undefined && from !== undefined ? createSmtp({ server, from, to }) : [],
  ].flat()
}

function watches(
  { config, metrics, database, tasks, clock }: Parameters<typeof buildAlerts>[0],
  host: string,
): Watch[] {
  const { failedJobs, failedTasks } = createAlertStore(database.system)
  return [
    highErrorRate({ requests: metrics.requests, rate: config.ALERT_ERROR_RATE, host, clock }),
    lowDisk({ folder: config.DATA_DIR, minFreeBytes: config.ALERT_MIN_FREE_BYTES, host }),
    jobsFailed({ failedJobs, clock }),
    taskFailed(() => failedTasks(tasks)),
  ]
}
