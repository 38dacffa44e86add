import { type Job as JobBody, type Model as ModelBody, Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import type { JobSummary } from '../jobs/job.ts'
import type { Model } from '../models/model.ts'

/** A stored version as the contract shows it: without the columns that are ours alone. */
export function modelBody(model: Model): ModelBody {
  const {
    number: _number,
    file_key: _fileKey,
    unloaded: _unloaded,
    last_used_at: _lastUsedAt,
    ...rest
  } = model
  return { ...rest, created_at: model.created_at.toISOString(), updated_at: model.updated_at.toISOString() }
}

/** A job as the contract shows it: without what it was given and what it gave. */
export function jobBody(job: JobSummary): JobBody {
  const { id, kind, owner_id, model_id, status, priority, progress, attempt, max_attempts, takeovers } = job
  const { error, request_id } = job
  return {
    id,
    kind,
    owner_id,
    model_id,
    status,
    priority,
    progress,
    attempt,
    max_attempts,
    takeovers,
    error,
    request_id,
    run_at: job.run_at.toISOString(),
    created_at: job.created_at.toISOString(),
    started_at: job.started_at?.toISOString() ?? null,
    finished_at: job.finished_at?.toISOString() ?? null,
  }
}

/** Opaque to callers, so that what it stands on may change. */
export function encodeCursor(position: string | number): string {
  return Buffer.from(String(position)).toString('base64url')
}

/** A page out of a list that was asked for one row more than that. */
export function pageOf<Row, Entry>(
  rows: readonly Row[],
  limit: number,
  toEntry: (row: Row) => Entry,
  positionOf: (row: Row) => string | number,
): PageBody<Entry> {
  return pageBody({ rows: rows.slice(0, limit), hasMore: rows.length > limit }, toEntry, positionOf)
}

type PageBody<Entry> = { data: Entry[]; next_cursor: string | null }

/** The cursor stands on the last row's position. */
export function pageBody<Row, Entry>(
  { rows, hasMore }: { rows: readonly Row[]; hasMore: boolean },
  toEntry: (row: Row) => Entry,
  positionOf: (row: Row) => string | number,
): PageBody<Entry> {
  const last = hasMore ? rows.at(-1) : undefined
  return { data: rows.map(row => toEntry(row)), next_cursor: last ? encodeCursor(positionOf(last)) : null }
}

/** @throws Problem `invalid-request` for a cursor that is not one of ours. */
export function decodeCursor<Position>(
  cursor: string | undefined,
  schema: z.ZodType<Position>,
): Position | undefined {
  if (cursor === undefined) return undefined
  const position = schema.safeParse(Buffer.from(cursor, 'base64url').toString())
  if (!position.success)
    throw new Problem(
      'invalid-request',
      'cursor: not one that this list returned. Leave it out to start at the beginning.',
    )
  return position.data
}

export const numberCursor = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER)
export const uuidCursor = z.uuid()

export const idParams = z.object({ id: z.uuid({ error: 'The id must be a UUID.' }) })
