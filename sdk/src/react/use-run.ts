'use client'

import { useEffect, useState } from 'react'
import { createRunFold, type RunState, unknownRun } from '../client/run-state.ts'
import { useProvided } from './context.ts'

/** A run as it stands, and what keeps us from knowing more. */
export type FollowedRun = RunState & { readonly failure: unknown }

/** About a frame: a model writes faster than a page is to be drawn. */
const drawMs = 33

const nothing: FollowedRun = { ...unknownRun, failure: undefined }

/** Follows a run until it has ended or the component goes; undefined follows none. Comes back by itself after a lost connection. */
export function useRun(id: string | undefined): FollowedRun {
  const { client } = useProvided('useRun')
  const [shown, show] = useState({ id, run: nothing })

  useEffect(() => {
    if (id === undefined) return
    const stop = new AbortController()
    const fold = createRunFold()
    let timer: ReturnType<typeof setTimeout> | undefined
    const draw = (failure?: unknown) => {
      clearTimeout(timer)
      timer = undefined
      if (!stop.signal.aborted) show({ id, run: { ...fold.state(), failure } })
    }
    const follow = async () => {
      for await (const event of client.runs.follow(id, { signal: stop.signal })) {
        fold.add(event)
        timer ??= setTimeout(draw, drawMs)
      }
    }
    follow().then(() => draw(), draw)
    return () => {
      stop.abort()
      clearTimeout(timer)
    }
  }, [client, id])

  // What was known of the run before says nothing of this one.
  return shown.id === id ? shown.run : nothing
}
