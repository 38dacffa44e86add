import type { RequestStory, StoryEntry } from '@roundhouse/sdk'

/** An entry at its place: what it is a part of stands before it. */
export type StoryRow = {
  readonly entry: StoryEntry
  readonly depth: number
  readonly startMs: number
  /** Null while it goes on; the same as the start for what took no time. */
  readonly endMs: number | null
}

/** The story in the order in which things began, what belongs to something below it. Times are milliseconds since 1970. */
export function storyRows({ entries }: Pick<RequestStory, 'entries'>): StoryRow[] {
  const known = new Set(entries.map(({ id }) => id))
  const below = Map.groupBy(entries, ({ parent_id: parent }) =>
    parent !== null && known.has(parent) ? parent : '',
  )
  const rows: StoryRow[] = []
  const add = (parent: string, depth: number) => {
    const parts = (below.get(parent) ?? []).map(entry => ({ entry, depth, ...spanOf(entry) }))
    for (const part of parts.toSorted((a, b) => a.startMs - b.startMs)) {
      rows.push(part)
      add(part.entry.id, depth + 1)
    }
  }
  add('', 0)
  return rows
}

const open = new Set(['queued', 'running', 'waiting'])

export function isOpen({ status, ended_at: endedAt }: StoryEntry): boolean {
  return endedAt === null && status !== null && open.has(status)
}

/** Of the end of a request the line is told at its end: it reaches back as long as it took. */
function spanOf(entry: StoryEntry): { startMs: number; endMs: number | null } {
  const at = Date.parse(entry.at)
  if (isOpen(entry)) return { startMs: at, endMs: null }
  if (entry.ended_at !== null) return { startMs: at, endMs: Math.max(at, Date.parse(entry.ended_at)) }
  const took = entry.attributes.duration_ms
  return { startMs: typeof took === 'number' && entry.kind === 'log' ? at - took : at, endMs: at }
}

export type StorySummary = {
  readonly startMs: number
  readonly endMs: number
  readonly isOver: boolean
  readonly credits: number
  readonly tokens: number
  readonly userId: string | null | undefined
  /** As the log has it. A client may give the same id to several requests. */
  readonly requests: readonly { method: string; path: string; status: number }[]
  readonly failures: number
}

export function summaryOf(rows: readonly StoryRow[], nowMs: number): StorySummary {
  const number = (value: unknown) => (typeof value === 'number' ? value : 0)
  const entries = rows.map(({ entry }) => entry)
  const runs = entries.filter(({ kind }) => kind === 'run' || kind === 'call')
  const paid = entries
    .filter(({ kind }) => kind === 'credit')
    .map(({ attributes }) => -number(attributes.amount))
  return {
    startMs: Math.min(...rows.map(({ startMs }) => startMs)),
    endMs: Math.max(...rows.map(({ endMs }) => endMs ?? nowMs)),
    isOver: rows.every(({ endMs }) => endMs !== null),
    credits: paid.reduce((sum, amount) => sum + amount, 0),
    tokens: runs.reduce(
      (sum, { attributes }) => sum + number(attributes.input_tokens) + number(attributes.output_tokens),
      0,
    ),
    userId:
      entries.find(({ user_id: user }) => user !== null)?.user_id ?? (entries.length > 0 ? null : undefined),
    requests: entries.flatMap(requestOf),
    failures: entries.filter(hasFailed).length,
  }
}

function requestOf({ kind, name, attributes }: StoryEntry): StorySummary['requests'] {
  const { method, path, status } = attributes
  if (kind !== 'log' || name !== 'request-end' || typeof method !== 'string' || typeof path !== 'string')
    return []
  return [{ method, path, status: Number(status) }]
}

export function hasFailed({ kind, status, attributes }: StoryEntry): boolean {
  if (kind === 'log') return status === 'error' || Number(attributes.status) >= 500
  return status === 'failed' || status === 'error' || status === 'denied'
}
