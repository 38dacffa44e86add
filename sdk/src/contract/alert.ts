import { z } from 'zod'

/** What is wrong. One trouble is one alert, however long it lasts and however many replicas see it. */
export const alert = z.object({
  id: z.uuid(),
  /** `high-error-rate`, `jobs-failed`, `low-disk`, `task-failed`. */
  type: z.string(),
  severity: z.enum(['critical', 'warning']),
  summary: z.string(),
  details: z.record(z.string(), z.unknown()),
  opened_at: z.iso.datetime(),
  last_seen_at: z.iso.datetime(),
  last_sent_at: z.iso.datetime(),
  /** Null while it lasts. */
  resolved_at: z.iso.datetime().nullable(),
  /** Channels that have not yet taken every message about it. */
  undelivered: z.array(z.string()),
})

/** Query of `GET /api/v1/admin/alerts`. */
export const listAlerts = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1024).optional(),
})

/** Newest first, open and past. `next_cursor` is null on the last page. */
export const alertList = z.object({ data: z.array(alert), next_cursor: z.string().nullable() })

/** Reply of `POST /api/v1/admin/alerts/test`: what each channel said. Empty when none is set. */
export const alertTest = z.object({
  data: z.array(z.object({ channel: z.string(), ok: z.boolean(), detail: z.string() })),
})

export type Alert = z.infer<typeof alert>
export type ListAlerts = z.input<typeof listAlerts>
export type AlertList = z.infer<typeof alertList>
export type AlertTest = z.infer<typeof alertTest>
