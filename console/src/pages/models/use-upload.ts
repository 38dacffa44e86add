import type { CreateModel, Model } from '@roundhouse/sdk'
import { useClient } from '@roundhouse/sdk/react'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { refresh } from '../../app/use-api.ts'
import { sha256Of } from './sha256.ts'

export type UploadState =
  | { tag: 'idle' }
  | { tag: 'sending'; sentBytes: number; totalBytes: number }
  /** All bytes are there; the server checks, loads and measures. `since` in milliseconds since 1970. */
  | { tag: 'checking'; since: number }
  /** `sha256` is of the file that was chosen; undefined where the browser could not tell. */
  | { tag: 'done'; model: Model; sha256: string | undefined }
  | { tag: 'failed'; error: unknown }

/** Without progress for so long an upload is given up; loading a large model may take as long as the server lets it. */
const patienceMs = 310_000

/** One upload at a time. It is given up when the page that shows it goes. */
export function useUpload(): {
  state: UploadState
  start(file: File, model: CreateModel): Promise<void>
  /** Nothing of it is kept. */
  cancel(): void
} {
  const client = useClient()
  const queries = useQueryClient()
  const [state, setState] = useState<UploadState>({ tag: 'idle' })
  const running = useRef<AbortController>(undefined)
  useEffect(() => () => running.current?.abort(), [])

  return {
    state,
    async start(file, draft) {
      const controller = new AbortController()
      running.current = controller
      setState({ tag: 'sending', sentBytes: 0, totalBytes: file.size })
      try {
        const hash = sha256Of(file)
        const model = await client.models.push(file, {
          ...draft,
          fileName: file.name,
          signal: controller.signal,
          timeoutMs: patienceMs,
          onProgress: ({ sentBytes, totalBytes }) =>
            setState(before =>
              sentBytes < totalBytes
                ? { tag: 'sending', sentBytes, totalBytes }
                : before.tag === 'checking'
                  ? before
                  : { tag: 'checking', since: Date.now() },
            ),
        })
        setState({ tag: 'done', model, sha256: await hash })
      } catch (error) {
        setState(controller.signal.aborted ? { tag: 'idle' } : { tag: 'failed', error })
      }
      await refresh(queries, ['models'])
    },
    cancel: () => running.current?.abort(new Error('The upload was cancelled.')),
  }
}
