import { batchFormat } from '@roundhouse/sdk/contract'
import { z } from 'zod'

export const batchBucket = 'batches'

/** What is known of a batch when it is asked for. */
export const batchPayload = z.object({
  model_id: z.uuid(),
  format: batchFormat,
  output: batchFormat,
  /** Of the object with the input: its owner may put another in its place, which is not what was paid for. */
  input_version: z.uuid(),
  /** Lines that may be rows: as many rows there are at most. */
  lines: z.int(),
  /** Credits of a row, as agreed. */
  price: z.int(),
  /** Credits of a second that a worker works on it. */
  second_price: z.int(),
  /** In the ledger. */
  reason: z.string(),
})

export const batchOutcome = z.object({
  rows: z.int(),
  failed_rows: z.int(),
  has_errors: z.boolean(),
})

export type BatchPayload = z.infer<typeof batchPayload>
export type BatchOutcome = z.infer<typeof batchOutcome>

/** In the folder of the user, where they may read it; `house` for those that belong to nobody. */
export function batchFolder(job: { owner_id: string | null; id: string }): string {
  return `${job.owner_id ?? 'house'}/${job.id}`
}

/** Administrators and the server alone read there. */
export function unpaidFolder(job: { id: string }): string {
  return `house/${job.id}/unpaid`
}

export const contentTypes = { csv: 'text/csv', jsonl: 'application/x-ndjson' } as const
