import { type Alert, problemCodes } from '@roundhouse/sdk/contract'
import { type Kysely, sql } from 'kysely'
import type { AlertMessage } from '../../ports/alert-channel.ts'

type AlertsTable = {
  id: string
  key: string
  type: string
  severity: Alert['severity']
  summary: string
  details: Record<string, unknown>
  opened_at: Date
  last_seen_at: Date
  last_sent_at: Date
  resolved_at: Date | null
  told: boolean
  retired: boolean
}

type AlertDeliveriesTable = {
  id: string
  alert_id: string
  channel: string
  message: unknown
  attempts: number
  next_attempt_at: Date
  error: string | null
  created_at: Date
  delivered_at: Date | null
}

/** Errors of jobs that were given up: bugs, ends of processes, and what trying again did not mend. */
const oursToMend = Object.entries(problemCodes)
  .filter(([code, { retryable }]) => retryable || code === 'internal' || code === 'job-crashed')
  .map(([code]) => code)

export type AlertTables = { alerts: AlertsTable; alert_deliveries: AlertDeliveriesTable }

export type Finding = {
  /** Two findings of one key are the same trouble, whoever sees them. */
  readonly key: string
  readonly type: string
  readonly severity: Alert['severity']
  /** One sentence. */
  readonly summary: string
  readonly details: Readonly<Record<string, unknown>>
}

export type Delivery = { readonly id: string; readonly message: Omit<AlertMessage, 'messageId'> }

/** What receivers see, made of a row of `alerts`. */
const messageOf = (row: string, status: AlertMessage['status'], now: Date) => sql`
  jsonb_build_object('id', ${sql.ref(row)}.id, 'type', ${sql.ref(row)}.type, 'status', ${status}::text,
    'severity', ${sql.ref(row)}.severity, 'summary', ${sql.ref(row)}.summary, 'details', ${sql.ref(row)}.details,
    'at', ${now.toISOString()}::text)`

/** SQL of the alerts. Every time comes from the caller's clock. */
export function createAlertStore(db: Kysely<AlertTables>) {
  return {
    /**
     * Opens the alert, or takes its turn to tell it again, and puts a message to each channel on its way. Of all
     * replicas that see the same one gets the id; the others, and everyone before `tellAgainBefore`, get null.
     */
    async claim(
      finding: Finding,
      options: { id: string; channels: readonly string[]; now: Date; tellAgainBefore: Date },
    ): Promise<string | null> {
      const { key, type, severity, summary, details } = finding
      const { id, channels, now, tellAgainBefore } = options
      const { rows } = await sql<{ id: string }>`
        with claimed as (
          insert into alerts (id, key, type, severity, summary, details, opened_at, last_seen_at, last_sent_at)
          values (${id}, ${key}, ${type}, ${severity}, ${summary}, ${JSON.stringify(details)}::jsonb, ${now}, ${now}, ${now})
          on conflict (key) where not retired do update set severity = excluded.severity, summary = excluded.summary,
            details = excluded.details, last_seen_at = ${now}, last_sent_at = ${now}, resolved_at = null, told = true
            where alerts.last_sent_at <= ${tellAgainBefore}
          returning *
        ), sent as (
          insert into alert_deliveries (id, alert_id, channel, message, next_attempt_at, created_at)
          select gen_random_uuid(), claimed.id, channel, ${messageOf('claimed', 'open', now)}, ${now}, ${now}
          from claimed, unnest(${[...channels]}::text[]) channel
        )
        select id from claimed`.execute(db)
      return rows[0]?.id ?? null
    },

    /** It is still there, or there again before anyone would be told of it anew. */
    async see(key: string, now: Date): Promise<void> {
      await sql`update alerts set last_seen_at = ${now}, resolved_at = null where key = ${key} and not retired`.execute(
        db,
      )
    },

    /** Ends the alerts of these types that nobody has seen since; puts a message on its way where receivers were told. */
    async resolve(options: {
      types: readonly string[]
      notSeenSince: Date
      channels: readonly string[]
      now: Date
    }): Promise<{ id: string; key: string }[]> {
      const { types, notSeenSince, channels, now } = options
      const { rows } = await sql<{ id: string; key: string }>`
        with over as (
          select id, told from alerts
          where resolved_at is null and type = any (${[...types]}::text[]) and last_seen_at < ${notSeenSince}
          for update
        ), ended as (
          update alerts set resolved_at = ${now}, told = false from over where alerts.id = over.id
          returning alerts.*, over.told as was_told
        ), sent as (
          insert into alert_deliveries (id, alert_id, channel, message, next_attempt_at, created_at)
          select gen_random_uuid(), ended.id, channel, ${messageOf('ended', 'resolved', now)}, ${now}, ${now}
          from ended, unnest(${[...channels]}::text[]) channel where ended.was_told
        )
        select id, key from ended`.execute(db)
      return rows
    },

    /** What was over and told before `toldBefore` is of the past; what ended before `endedBefore` is forgotten. */
    async retire({ toldBefore, endedBefore }: { toldBefore: Date; endedBefore: Date }): Promise<void> {
      await sql`
        with forgotten as (delete from alerts where retired and resolved_at < ${endedBefore})
        update alerts set retired = true
        where not retired and resolved_at is not null and last_sent_at <= ${toldBefore}`.execute(db)
    },

    /**
     * Takes the message that has waited longest, until `leaseUntil`; null when none is due. One about an alert whose
     * message before is still on its way waits for that.
     */
    async take(options: {
      channel: string
      now: Date
      madeAfter: Date
      leaseUntil: Date
    }): Promise<Delivery | null> {
      const { channel, now, madeAfter, leaseUntil } = options
      const { rows } = await sql<Delivery>`
        update alert_deliveries set attempts = attempts + 1, next_attempt_at = ${leaseUntil}
        where id = (
          select id from alert_deliveries due
          where channel = ${channel} and delivered_at is null and next_attempt_at <= ${now} and created_at > ${madeAfter}
            and not exists (
              select from alert_deliveries earlier
              where earlier.alert_id = due.alert_id and earlier.channel = due.channel
                and earlier.delivered_at is null and earlier.created_at > ${madeAfter}
                and earlier.created_at < due.created_at)
          order by next_attempt_at, created_at limit 1 for update skip locked
        )
        returning id, message`.execute(db)
      return rows[0] ?? null
    },

    async delivered(id: string, now: Date): Promise<void> {
      await sql`update alert_deliveries set delivered_at = ${now}, error = null where id = ${id}`.execute(db)
    },

    async undelivered(id: string, { error, next }: { error: string; next: Date }): Promise<void> {
      await sql`
        update alert_deliveries set error = ${error}, next_attempt_at = ${next}
        where id = ${id} and delivered_at is null`.execute(db)
    },

    /** Newest first. */
    async list({ beforeId, limit }: { beforeId?: string | undefined; limit: number }): Promise<Alert[]> {
      let query = db
        .selectFrom('alerts')
        .select(['id', 'type', 'severity', 'summary', 'details'])
        .select(['opened_at', 'last_seen_at', 'last_sent_at', 'resolved_at'])
        .select(
          sql<string[]>`array(
            select distinct channel from alert_deliveries
            where alert_id = alerts.id and delivered_at is null order by channel)`.as('undelivered'),
        )
        .orderBy('id', 'desc')
        .limit(limit)
      if (beforeId !== undefined) query = query.where('id', '<', beforeId)
      return (await query.execute()).map(row => ({
        ...row,
        opened_at: row.opened_at.toISOString(),
        last_seen_at: row.last_seen_at.toISOString(),
        last_sent_at: row.last_sent_at.toISOString(),
        resolved_at: row.resolved_at?.toISOString() ?? null,
      }))
    },

    /**
     * Jobs that were given up since, by kind: they ended processes, met a bug, or what they need was away at each try.
     * What their owners did wrong is told to those. Tasks have an alert of their own.
     */
    async failedJobs(since: Date): Promise<{ kind: string; count: number }[]> {
      const { rows } = await sql<{ kind: string; count: number }>`
        select kind, count(*)::integer as count from jobs
        where status = 'failed' and finished_at > ${since} and kind <> 'task'
          and error ->> 'code' = any (${oursToMend}::text[])
        group by kind order by kind`.execute(db)
      return rows
    },

    /** Of these tasks those that are not paused and whose last run to end failed. */
    async failedTasks(names: readonly string[]): Promise<{ task: string; runId: string; error: string }[]> {
      const { rows } = await sql<{ task: string; runId: string; error: string }>`
        select tasks.name as task, last.id as "runId", coalesce(last.error ->> 'detail', 'it did not say why') as error
        from tasks, lateral (
          select id, status, error from task_runs
          where task_runs.task = tasks.name and status in ('done', 'failed')
          order by created_at desc, id desc limit 1
        ) last
        where tasks.name = any (${[...names]}::text[]) and not tasks.paused and last.status = 'failed'
        order by tasks.name`.execute(db)
      return rows
    },
  }
}

export type AlertStore = ReturnType<typeof createAlertStore>
