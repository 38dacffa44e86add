import { isProblem, type UploadProgress } from '@roundhouse/sdk'
import { useClient } from '@roundhouse/sdk/react'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { refresh } from '../../app/use-api.ts'

export type Upload = {
  id: number
  /** In the bucket, whole. */
  name: string
  file: File
  state: 'waiting' | 'sending' | 'done' | 'failed' | 'cancelled'
  sent: UploadProgress
  error?: unknown
  /** The name is taken: it can be replaced. */
  isTaken?: boolean
}

export type Uploads = {
  list: readonly Upload[]
  add(files: readonly { name: string; file: File }[]): void
  cancel(id: number): void
  /** Goes on where a large one was; `replace` takes the place of what has the name. */
  again(id: number, replace: boolean): void
  /** Those that have ended are no longer listed. */
  clear(): void
}

/** More than that goes in chunks that outlive a lost connection. */
const resumableFromBytes = 6 * 1024 * 1024
const together = 3

type Work = { stop: AbortController; uploadId?: string; replace: boolean }

/** Files on their way into a bucket, a few at a time. Leaving the page ends them. */
export function useUploads(bucket: string): Uploads {
  const client = useClient()
  const queries = useQueryClient()
  const [list, setList] = useState<readonly Upload[]>([])
  const works = useRef(new Map<number, Work>())
  const next = useRef(1)

  const change = useCallback((id: number, part: Partial<Upload>) => {
    setList(before => before.map(one => (one.id === id ? { ...one, ...part } : one)))
  }, [])

  const send = useCallback(
    async ({ id, name, file }: Upload, work: Work) => {
      const files = client.files.from(bucket)
      const options = {
        upsert: work.replace,
        signal: work.stop.signal,
        onProgress: (sent: UploadProgress) => change(id, { sent }),
      }
      if (file.size <= resumableFromBytes) await files.upload(name, file, options)
      else
        await files.uploadResumable(name, file, {
          ...options,
          ...(work.uploadId !== undefined && { uploadId: work.uploadId }),
          onUploadId: uploadId => {
            work.uploadId = uploadId
          },
        })
    },
    [client, bucket, change],
  )

  useEffect(() => {
    const free = together - list.filter(one => one.state === 'sending').length
    for (const upload of list.filter(one => one.state === 'waiting').slice(0, Math.max(0, free))) {
      const work = works.current.get(upload.id)
      if (!work) continue
      change(upload.id, { state: 'sending', error: undefined, isTaken: false })
      send(upload, work).then(
        () => {
          change(upload.id, { state: 'done' })
          void refresh(queries, ['files'])
        },
        (error: unknown) => {
          if (work.stop.signal.aborted) change(upload.id, { state: 'cancelled' })
          else
            change(upload.id, {
              state: 'failed',
              error,
              isTaken: isProblem(error) && error.code === 'object-exists',
            })
        },
      )
    }
  }, [list, send, change, queries])

  useEffect(() => {
    const all = works.current
    return () => {
      for (const work of all.values()) work.stop.abort()
    }
  }, [])

  return {
    list,
    add(files) {
      const added = files.map(({ name, file }): Upload => {
        const id = next.current++
        works.current.set(id, { stop: new AbortController(), replace: false })
        return { id, name, file, state: 'waiting', sent: { sentBytes: 0, totalBytes: file.size } }
      })
      setList(before => [...before, ...added])
    },
    cancel(id) {
      works.current.get(id)?.stop.abort()
      setList(before =>
        before.map(one => (one.id === id && one.state === 'waiting' ? { ...one, state: 'cancelled' } : one)),
      )
    },
    again(id, replace) {
      const uploadId = works.current.get(id)?.uploadId
      works.current.set(id, {
        stop: new AbortController(),
        replace,
        ...(uploadId !== undefined && { uploadId }),
      })
      change(id, { state: 'waiting' })
    },
    clear: () => setList(before => before.filter(one => one.state === 'sending' || one.state === 'waiting')),
  }
}
