import { RotateCcw, X } from 'lucide-react'
import type { ReactElement } from 'react'
import { Button, IconButton } from '../../ui/button.tsx'
import { bytes, counted, percent } from '../../ui/format.ts'
import { Card } from '../../ui/page.tsx'
import { sentenceOf } from '../../ui/problem.tsx'
import { Progress } from '../../ui/progress.tsx'
import { State } from '../../ui/state.tsx'
import { lastPart } from './places.ts'
import type { Upload, Uploads } from './use-uploads.ts'

/** What is on its way, and what became of it. */
export function UploadList({ uploads }: { uploads: Uploads }): ReactElement | null {
  const { list } = uploads
  if (list.length === 0) return null
  const open = list.filter(one => one.state === 'sending' || one.state === 'waiting').length
  return (
    <Card className="mt-3">
      <div className="flex items-center justify-between gap-3">
        <p role="status" className="text-sm font-medium">
          {open === 0
            ? `${counted(list.length, 'upload')} ended`
            : `${open} of ${counted(list.length, 'upload')} under way`}
        </p>
        <Button
          size="small"
          look="quiet"
          onClick={uploads.clear}
          refused={open === list.length && 'None has ended yet.'}
        >
          Clear the list
        </Button>
      </div>
      <ul className="mt-2 grid max-h-72 gap-2 overflow-y-auto">
        {list.map(upload => (
          <One key={upload.id} upload={upload} uploads={uploads} />
        ))}
      </ul>
    </Card>
  )
}

function One({ upload, uploads }: { upload: Upload; uploads: Uploads }): ReactElement {
  const { id, name, file, state, sent } = upload
  const isOpen = state === 'sending' || state === 'waiting'
  const share = sent.totalBytes === 0 ? 1 : sent.sentBytes / sent.totalBytes
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 text-sm">
      <span className="truncate" title={name}>
        {lastPart(name)} <span className="text-quiet">{bytes(file.size)}</span>
      </span>
      <span className="flex items-center gap-1.5">
        {state === 'waiting' && <State tone="none">waiting</State>}
        {state === 'sending' && <span className="text-[13px] text-quiet tabular">{percent(share)}</span>}
        {state === 'done' && <State tone="good">stored</State>}
        {state === 'cancelled' && <State tone="none">cancelled</State>}
        {state === 'failed' && <State tone="bad">failed</State>}
        {isOpen && (
          <IconButton label={`Cancel the upload of ${lastPart(name)}`} onClick={() => uploads.cancel(id)}>
            <X className="size-4" />
          </IconButton>
        )}
        {upload.isTaken && (
          <Button size="small" onClick={() => uploads.again(id, true)}>
            Replace
          </Button>
        )}
        {(state === 'cancelled' || (state === 'failed' && !upload.isTaken)) && (
          <IconButton label={`Try ${lastPart(name)} again`} onClick={() => uploads.again(id, false)}>
            <RotateCcw className="size-4" />
          </IconButton>
        )}
      </span>
      {state === 'sending' && (
        <div className="col-span-2">
          <Progress label={`Upload of ${name}`} done={sent.sentBytes} total={sent.totalBytes} />
        </div>
      )}
      {state === 'failed' && (
        <p role="alert" className="col-span-2 text-[13px] text-bad">
          {sentenceOf(upload.error)}
        </p>
      )}
    </li>
  )
}
