import type { ChangeKind, Client } from '@roundhouse/sdk'
import type { QueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState } from 'react'
import type { Kind } from './use-api.ts'

/** Whether what is shown follows the server; `lastContact` is since when it does not, in milliseconds since 1970. */
export type Live = { state: 'connecting' | 'live' | 'away'; lastContact: number | undefined }

export const LiveContext = createContext<Live>({ state: 'connecting', lastContact: undefined })

export function useLive(): Live {
  return useContext(LiveContext)
}

/** What is stale when one of these has changed. */
const stale: Record<ChangeKind, readonly Kind[]> = {
  agent: ['agents'],
  alert: ['alerts'],
  bucket: ['files'],
  collection: ['collections'],
  file: ['files'],
  invitation: ['invitations'],
  // Documents are indexed by jobs, and runs of tasks are jobs.
  job: ['jobs', 'tasks', 'collections', 'health'],
  key: ['keys'],
  model: ['models', 'health'],
  plan: ['plans', 'me'],
  price: ['settings'],
  provider: ['providers'],
  report: ['reports'],
  // What a tool of a run made is told as a change of the run.
  run: ['runs', 'reports'],
  secret: ['secrets'],
  session: ['sessions'],
  task: ['tasks'],
  user: ['users', 'me', 'credits', 'audit'],
}

/**
 * From one answer to the next asking for the same kind: what changes ten times a second is not asked for so often, and a list
 * of thousands, which takes its time, is asked for a quarter of the time at most.
 */
const restMs = (tookMs: number) => Math.max(1000, 3 * tookMs)

/** One stream of changes for the whole page; what a change names is asked for anew where it is shown. */
export function useLiveChanges(client: Client, queries: QueryClient): Live {
  const [live, setLive] = useState<Live>({ state: 'connecting', lastContact: undefined })
  useEffect(() => {
    const stop = new AbortController()
    const refresher = createRefresher(kind => queries.invalidateQueries({ queryKey: [kind] }))
    const follow = async () => {
      const onLost = () =>
        setLive(before => (before.state === 'away' ? before : { state: 'away', lastContact: Date.now() }))
      for await (const event of client.changes.follow({ signal: stop.signal, onLost })) {
        setLive(before => (before.state === 'live' ? before : { state: 'live', lastContact: undefined }))
        if (event.event === 'change') for (const kind of stale[event.kind]) refresher.add(kind)
        // Whatever was read before this moment may have changed unheard, and what failed may be answered now.
        else
          void queries.invalidateQueries({
            predicate: ({ state }) => state.dataUpdatedAt > 0 || state.status === 'error',
          })
      }
    }
    follow().catch(() => {
      // The session has ended: the next call says so.
      if (!stop.signal.aborted) void queries.invalidateQueries()
    })
    return () => {
      stop.abort()
      refresher.stop()
    }
  }, [client, queries])
  return live
}

type Refresher = { add(kind: Kind): void; stop(): void }

/** Each kind at once, and then at most once in a while. An asking that is under way is not cut off by the next. */
export function createRefresher(refresh: (kind: Kind) => Promise<unknown>): Refresher {
  const busy = new Map<Kind, { timer?: ReturnType<typeof setTimeout>; isDue: boolean }>()
  let isStopped = false
  async function begin(kind: Kind): Promise<void> {
    const own: { timer?: ReturnType<typeof setTimeout>; isDue: boolean } = { isDue: false }
    busy.set(kind, own)
    const startedAt = performance.now()
    await refresh(kind)
    if (isStopped) return
    own.timer = setTimeout(
      () => {
        busy.delete(kind)
        if (own.isDue) void begin(kind)
      },
      restMs(performance.now() - startedAt),
    )
  }
  return {
    add(kind) {
      const own = busy.get(kind)
      if (own) own.isDue = true
      else void begin(kind)
    },
    stop() {
      isStopped = true
      for (const { timer } of busy.values()) clearTimeout(timer)
    },
  }
}
