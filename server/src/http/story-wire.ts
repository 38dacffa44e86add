import type { LogLine, StoryEntry } from '@roundhouse/sdk/contract'
import type { StoredLine } from '../logs/line.ts'
import type { StoryRow } from '../requests/store.ts'

/** A log line as the contract shows it. */
export function lineBody(line: StoredLine): LogLine {
  const {
    id,
    at,
    level,
    event,
    requestId,
    userId,
    method,
    path,
    status,
    durationMs,
    model,
    process,
    fields,
  } = line
  return {
    id,
    at: at.toISOString(),
    level,
    event,
    request_id: requestId,
    user_id: userId,
    method,
    path,
    status,
    duration_ms: durationMs,
    model,
    process,
    fields,
  }
}

/** A log line as a part of the story of its request. */
export function lineEntry(line: StoredLine): StoryEntry {
  const { method, path, status, durationMs, model, process, fields } = line
  const own = { method, path, status, duration_ms: durationMs, model, process }
  const known = Object.entries(own).filter(([, value]) => value !== null)
  return {
    kind: 'log',
    id: `log:${line.id}`,
    parent_id: null,
    name: line.event,
    status: line.level,
    at: line.at.toISOString(),
    ended_at: null,
    user_id: line.userId,
    attributes: { ...fields, ...Object.fromEntries(known) },
  }
}

export function entryBody({ at, ended_at: endedAt, ...row }: StoryRow): StoryEntry {
  return { ...row, at: at.toISOString(), ended_at: endedAt?.toISOString() ?? null }
}
