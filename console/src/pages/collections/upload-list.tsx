import { X } from 'lucide-react'
import type { ReactElement } from 'react'
import { Button, IconButton } from '../../ui/button.tsx'
import { bytes, percent } from '../../ui/format.ts'
import { sentenceOf } from '../../ui/problem.tsx'
import { Progress } from '../../ui/progress.tsx'
import { State } from '../../ui/state.tsx'
import type { Upload, Uploads } from './uploads.ts'

/** How far each file is; those that are stored are in the list of documents too. */
export function UploadList({ uploads }: { uploads: Uploads }): ReactElement | null {
  if (uploads.uploads.length === 0) return null
  const hasEnded = uploads.uploads.some(isEnded)
  return (
    <div className="rounded-xl border border-line bg-raised">
      <ul aria-label="Uploads" className="max-h-72 divide-y divide-line overflow-auto">
        {uploads.uploads.map(upload => (
          <li key={upload.id} className="grid gap-1 px-4 py-2 text-sm">
            <div className="flex items-center gap-2">
              <span className="min-w-0 flex-1 truncate">{upload.name}</span>
              <Told upload={upload} />
              {!isEnded(upload) && (
                <IconButton
                  label={`Cancel ${upload.name}`}
                  onClick={() => uploads.cancel(upload.id)}
                  className="-my-1"
                >
                  <X className="size-4" />
                </IconButton>
              )}
            </div>
            {upload.state === 'sending' && (
              <Progress
                label={`Upload of ${upload.name}`}
                done={upload.sentBytes}
                total={upload.totalBytes}
              />
            )}
            {upload.state === 'failed' && (
              <p role="alert" className="text-[13px] text-bad [overflow-wrap:anywhere]">
                {sentenceOf(upload.error)}
              </p>
            )}
          </li>
        ))}
      </ul>
      {hasEnded && (
        <div className="border-t border-line px-4 py-2">
          <Button size="small" look="quiet" onClick={uploads.clear}>
            Clear those that have ended
          </Button>
        </div>
      )}
    </div>
  )
}

function isEnded({ state }: Upload): boolean {
  return state === 'stored' || state === 'failed'
}

function Told({ upload: { state, sentBytes, totalBytes } }: { upload: Upload }): ReactElement {
  if (state === 'stored') return <State tone="good">stored</State>
  if (state === 'failed') return <State tone="bad">failed</State>
  if (state === 'waiting') return <span className="text-[13px] text-quiet">waits, {bytes(totalBytes)}</span>
  return (
    <span className="text-[13px] text-quiet tabular">
      {percent(totalBytes === 0 ? 1 : sentBytes / totalBytes)} of {bytes(totalBytes)}
    </span>
  )
}
