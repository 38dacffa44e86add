import { isProblem, type LogLine } from '@roundhouse/sdk'
import { useClient } from '@roundhouse/sdk/react'
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'
import { type Lines, noLines, withNew, withOlder } from './lines.ts'

export type LogView = { q: string; from: string | undefined; to: string | undefined }

export type LogLines = Lines & {
  /** `over`: what is shown ends at a moment that is past. */
  state: 'loading' | 'live' | 'reconnecting' | 'over'
  error: unknown
  isLoadingOlder: boolean
  loadOlder(): void
  retry(): void
}

const pageLines = 300
/** Where little is found, pages are asked for until there is something to look at. */
const enough = 60
const mostPages = 8
/** Lines that come at once are shown at once. */
const showEveryMs = 100

/** The newest lines of a query, then those that come, and older ones when they are asked for. */
export function useLogLines(
  { q, from, to }: LogView,
  { isPaused, isAtEnd }: { isPaused: boolean; isAtEnd: RefObject<boolean> },
): LogLines {
  const client = useClient()
  const [lines, setLines] = useState<Lines>(noLines)
  const [state, setState] = useState<LogLines['state']>('loading')
  const [error, setError] = useState<unknown>()
  const [isLoadingOlder, setLoadingOlder] = useState(false)
  const [attempt, setAttempt] = useState(0)
  const paused = useRef(isPaused)
  const current = useRef(new AbortController())

  const older = useCallback(
    async (signal: AbortSignal, cursor?: string) => {
      const wanted = { q: q || undefined, from, to, limit: pageLines, signal }
      let newest: number | undefined
      let at = cursor
      let found = 0
      for (let pages = 0; pages < mostPages; pages += 1) {
        const page = await client.logs.list(at === undefined ? wanted : { ...wanted, cursor: at })
        setLines(before => withOlder(before, page))
        newest ??= page.newest_id
        found += page.data.length
        if (found >= enough || page.next_cursor === null) break
        at = page.next_cursor
      }
      return newest ?? 0
    },
    [client, q, from, to],
  )

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` begins anew
  useEffect(() => {
    const stop = new AbortController()
    current.current = stop
    setLines(noLines)
    setState('loading')
    setError(undefined)
    setLoadingOlder(false)
    let came: LogLine[] = []
    const show = setInterval(() => {
      if (came.length === 0) return
      const shown = came
      came = []
      setLines(before => withNew(before, shown, { isPaused: paused.current, isAtEnd: isAtEnd.current }))
    }, showEveryMs)
    const read = async () => {
      const after = await older(stop.signal)
      if (to !== undefined) return setState('over')
      const follow = { q: q || undefined, after, signal: stop.signal, onState: setState }
      for await (const line of client.logs.follow(follow)) came.push(line)
    }
    read().catch(failure => {
      if (!stop.signal.aborted) setError(failure)
    })
    return () => {
      stop.abort()
      clearInterval(show)
    }
  }, [client, older, q, to, isAtEnd, attempt])

  useEffect(() => {
    paused.current = isPaused
    // What was held is shown by the next line, or by none.
    if (!isPaused) setLines(before => withNew(before, [], { isPaused, isAtEnd: isAtEnd.current }))
  }, [isPaused, isAtEnd])

  const loadOlder = () => {
    const { signal } = current.current
    if (isLoadingOlder || lines.cursor === null || state === 'loading') return
    setLoadingOlder(true)
    older(signal, lines.cursor)
      .catch(failure => {
        if (!signal.aborted) setError(failure)
      })
      .finally(() => {
        if (!signal.aborted) setLoadingOlder(false)
      })
  }

  return { ...lines, state, error, isLoadingOlder, loadOlder, retry: () => setAttempt(attempt + 1) }
}

/** What is wrong with the query, for its field; undefined for what is wrong otherwise. */
export function queryFault(error: unknown): string | undefined {
  if (!isProblem(error) || error.code !== 'invalid-request') return undefined
  return error.message.replace(/^q: /, '').replace(/^./, first => first.toUpperCase())
}
