import type { Run, RunTrace } from '@roundhouse/sdk'
import { useMemo } from 'react'
import { type ApiQuery, useApi } from '../../app/use-api.ts'
import { useNow } from '../../ui/use-now.ts'
import type { RunStory } from './span-payload.ts'
import { lengthMs, spanTree, type TreeSpan } from './span-tree.ts'
import { type RunEvents, useRunEvents } from './use-run-events.ts'

/** A run with all that is told of it, as it goes on. */
export type FollowedStory = {
  readonly run: ApiQuery<Run>
  readonly trace: ApiQuery<RunTrace>
  readonly told: RunEvents
  readonly story: RunStory | undefined
  readonly tree: readonly TreeSpan[]
  /** How long the axis is. */
  readonly totalMs: number
}

export function useRunStory(id: string): FollowedStory {
  const run = useApi(['runs', id], (client, options) => client.runs.get(id, options), { keepPrevious: false })
  const trace = useApi(['runs', id, 'trace'], (client, options) => client.runs.trace(id, options))
  // It never changes, so it does not stand below the run's key.
  const input = useApi(['runs', 'input', id], (client, options) => client.runs.input(id, options))
  const told = useRunEvents(id)
  const isOver = run.data === undefined || run.data.finished_at !== null
  const now = useNow(250, !isOver)
  const tree = useMemo(
    () => (run.data ? spanTree(run.data, trace.data, told.events) : []),
    [run.data, trace.data, told.events],
  )
  const story = useMemo(
    () => run.data && { run: run.data, input: input.data, events: told.events },
    [run.data, input.data, told.events],
  )
  const begun = run.data ? Date.parse(run.data.created_at) : now
  return { run, trace, told, story, tree, totalMs: lengthMs(tree, now - begun) }
}
