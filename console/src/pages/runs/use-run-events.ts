import { createRunFold, type FollowedEvent, type Run, type RunState } from '@roundhouse/sdk'
import { useClient } from '@roundhouse/sdk/react'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'

/** What there is of a run's events, and what they come to. */
export type RunEvents = {
  readonly events: readonly FollowedEvent[]
  readonly state: RunState
  /** Why there are no more of them; `run-events-gone` when they were removed. */
  readonly failure: unknown
}

/** A model writes faster than a page is to be drawn. */
const drawMs = 60
const pieces = new Set(['text-delta', 'reasoning-delta'])
const nothing: RunEvents = { events: [], state: createRunFold().state(), failure: undefined }

/** Every event of a run, until it has ended or the component goes. With each that is no piece of a text its trace is asked for anew. */
export function useRunEvents(id: string | undefined): RunEvents {
  const client = useClient()
  const queries = useQueryClient()
  const [shown, show] = useState({ id, told: nothing })
  useEffect(() => {
    if (id === undefined) return
    const stop = new AbortController()
    const fold = createRunFold()
    let events: FollowedEvent[] = []
    let isStale = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const draw = (failure?: unknown) => {
      clearTimeout(timer)
      timer = undefined
      if (stop.signal.aborted) return
      show({ id, told: { events: [...events], state: fold.state(), failure } })
      // What is told of a run that had ended before is no news.
      const known = queries.getQueryData<Run>(['runs', id])
      if (isStale && known?.finished_at === null) void queries.invalidateQueries({ queryKey: ['runs', id] })
      isStale = false
    }
    const follow = async () => {
      for await (const followed of client.runs.follow(id, { signal: stop.signal })) {
        fold.add(followed)
        events.push(followed)
        isStale ||= !pieces.has(followed.event.type)
        timer ??= setTimeout(draw, drawMs)
      }
    }
    const end = (failure?: unknown) => {
      isStale = true
      draw(failure)
    }
    follow().then(() => end(), end)
    return () => {
      stop.abort()
      clearTimeout(timer)
      events = []
    }
  }, [client, queries, id])
  // What was known of the run before says nothing of this one.
  return shown.id === id ? shown.told : nothing
}
