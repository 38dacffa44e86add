import { useClient } from '@roundhouse/sdk/react'
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { refresh } from '../../app/use-api.ts'

export type Upload = {
  id: number
  name: string
  sentBytes: number
  totalBytes: number
  state: 'waiting' | 'sending' | 'stored' | 'failed'
  /** Why it failed. */
  error: unknown
}

export type Uploads = {
  uploads: readonly Upload[]
  /** `replaces`: the id of the document whose place the file takes. */
  add(files: readonly File[], replaces?: string): void
  cancel(id: number): void
  /** Forgets those that have ended. */
  clear(): void
}

const mostAtOnce = 2

/** Files on their way into a collection, some at a time, in their order. They go on when the page is left. */
export function useUploads(collectionId: string): Uploads {
  const client = useClient()
  const queries = useQueryClient()
  const [uploads, setUploads] = useState<readonly Upload[]>([])
  const queue = useRef<{
    waiting: (() => Promise<void>)[]
    under: number
    last: number
    stops: Map<number, AbortController>
  }>({
    waiting: [],
    under: 0,
    last: 0,
    stops: new Map(),
  })
  const set = (id: number, part: Partial<Upload>) =>
    setUploads(before => before.map(one => (one.id === id ? { ...one, ...part } : one)))

  function next(): void {
    const { current } = queue
    while (current.under < mostAtOnce) {
      const begin = current.waiting.shift()
      if (!begin) return
      current.under += 1
      void begin().finally(() => {
        current.under -= 1
        next()
      })
    }
  }

  async function send(id: number, file: File, replaces: string | undefined): Promise<void> {
    const stop = queue.current.stops.get(id)
    if (!stop || stop.signal.aborted) return
    const options = {
      signal: stop.signal,
      onProgress: (progress: { sentBytes: number; totalBytes: number }) =>
        set(id, { ...progress, state: 'sending' }),
    }
    set(id, { state: 'sending' })
    try {
      if (replaces === undefined) await client.knowledge.addDocument(collectionId, { file }, options)
      else await client.knowledge.replaceDocument(collectionId, replaces, { file }, options)
      set(id, { state: 'stored', sentBytes: file.size })
      await refresh(queries, ['collections'])
    } catch (error) {
      set(id, { state: 'failed', error })
    }
  }

  return {
    uploads,
    add(files, replaces) {
      const added = files.map(file => {
        queue.current.last += 1
        const id = queue.current.last
        queue.current.stops.set(id, new AbortController())
        queue.current.waiting.push(() => send(id, file, replaces))
        return {
          id,
          name: file.name,
          sentBytes: 0,
          totalBytes: file.size,
          state: 'waiting',
          error: undefined,
        } as const
      })
      setUploads(before => [...before, ...added])
      next()
    },
    cancel(id) {
      queue.current.stops.get(id)?.abort(new Error('It was cancelled.'))
      setUploads(before => before.filter(one => one.id !== id))
    },
    clear: () =>
      setUploads(before => before.filter(one => one.state === 'waiting' || one.state === 'sending')),
  }
}
