import { ConnectionError, type Job } from '@roundhouse/sdk'
import { useClient } from '@roundhouse/sdk/react'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { type ApiQuery, useApi } from '../../app/use-api.ts'
import { hasEnded, type Reading, withReading } from './job-words.ts'

export type FollowedJob = ApiQuery<Job> & {
  /** Of the progress while it was looked at. */
  readings: readonly Reading[]
}

/** A job as it is, and then after each change until it has ended; comes back after the server was away. */
export function useJob(id: string): FollowedJob {
  const client = useClient()
  const queries = useQueryClient()
  const query = useApi(['jobs', id], (one, options) => one.jobs.get(id, options))
  const [readings, setReadings] = useState<Reading[]>([])
  const shown = useRef('')
  const isOpen = query.data !== undefined && !hasEnded(query.data)

  useEffect(() => {
    if (!isOpen) return
    const stop = new AbortController()
    const follow = async () => {
      while (!stop.signal.aborted)
        try {
          for await (const job of client.jobs.watch(id, { signal: stop.signal }))
            queries.setQueryData(['jobs', id], job)
          return
        } catch (error) {
          if (!(error instanceof ConnectionError) || stop.signal.aborted) return
        }
    }
    void follow()
    return () => stop.abort()
  }, [client, queries, id, isOpen])

  const progress = query.data?.progress
  useEffect(() => {
    const text = `${id} ${progress?.done}`
    if (!progress || shown.current === text) return
    shown.current = text
    setReadings(before => withReading(before, { at: Date.now(), done: progress.done }))
  }, [id, progress])
  return Object.assign(query, { readings })
}
