import { z } from 'zod'

const counts = z.int().min(0)
const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()], {
  error: 'is a day, 2026-11-21, or a time, 2026-11-21T08:00:00Z',
})

export const usageBy = z.enum(['agent', 'model', 'user', 'day'])

/**
 * Query of `GET /api/v1/admin/usage`. `from` is included, `to` is not; a day begins at midnight UTC. At most 92 days; without
 * `to` up to now, without `from` the 30 days before `to`.
 */
export const listUsage = z.object({
  from: moment.optional(),
  to: moment.optional(),
  by: usageBy.default('agent'),
})

/**
 * `key` is the id of the agent or user, `<provider>/<model>`, or the day. It is null for what has none: calls of models that
 * no agent made, work of the house. `name` is null for what is gone.
 *
 * `calls` are those of models, in runs and without. `errors` are runs that failed and calls without a run that did; by model
 * they are calls. A run that called several models counts for each of them. `first_token_ms_p50` is of all calls that had a
 * first token, exact to one per cent.
 */
export const usageRow = z.object({
  key: z.string().nullable(),
  name: z.string().nullable(),
  runs: counts,
  calls: counts,
  input_tokens: counts,
  output_tokens: counts,
  credits: counts,
  cost_micros: counts,
  errors: counts,
  first_token_ms_p50: z.number().nullable(),
})

/** The dearest first, days newest first. `is_cut` when there are more than these 1,000. */
export const usage = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  by: usageBy,
  data: z.array(usageRow),
  is_cut: z.boolean(),
})

export type UsageBy = z.infer<typeof usageBy>
export type ListUsage = z.input<typeof listUsage>
export type UsageRow = z.infer<typeof usageRow>
export type Usage = z.infer<typeof usage>
