import type { BatchFormat, UploadProgress } from '@roundhouse/sdk'
import { useClient } from '@roundhouse/sdk/react'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { refresh } from '../../app/use-api.ts'

export type BatchWish = {
  modelId: string
  rows: Blob
  output?: BatchFormat
  priority: number
  isSample?: boolean
}

export type BatchUpload = {
  sent: UploadProgress | undefined
  isBusy: boolean
  error: unknown
  start(wish: BatchWish): void
  cancel(): void
}

/** Sends the rows of a batch and goes to its job; leaving the form ends it. */
export function useBatch(): BatchUpload {
  const client = useClient()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const stop = useRef<AbortController>(null)
  const [sent, setSent] = useState<UploadProgress>()
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  useEffect(() => () => stop.current?.abort(), [])

  const send = async ({ modelId, rows, output, priority, isSample }: BatchWish, signal: AbortSignal) => {
    const job = await client.models.batch(modelId, rows, {
      ...(output !== undefined && { output }),
      priority,
      signal,
      onProgress: setSent,
    })
    void refresh(queries, ['jobs', 'credits'])
    await navigate({ to: '/jobs/$id', params: { id: job.id }, search: isSample ? { sample: true } : {} })
  }
  return {
    sent,
    isBusy,
    error,
    start(wish) {
      const controller = new AbortController()
      stop.current = controller
      setBusy(true)
      setError(undefined)
      setSent(undefined)
      send(wish, controller.signal)
        .catch((failure: unknown) => {
          if (!controller.signal.aborted) setError(failure)
        })
        .finally(() => setBusy(false))
    },
    cancel: () => stop.current?.abort(),
  }
}
