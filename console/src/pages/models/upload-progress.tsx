import { Link } from '@tanstack/react-router'
import type { ReactElement, ReactNode } from 'react'
import { Button, buttonLook } from '../../ui/button.tsx'
import { bytes, counted, duration, percent } from '../../ui/format.ts'
import { Progress } from '../../ui/progress.tsx'
import { State } from '../../ui/state.tsx'
import { useNow } from '../../ui/use-now.ts'
import { executorOf } from './executor.ts'
import { specInWords } from './signature.ts'
import { useServed } from './use-models.ts'
import type { UploadState } from './use-upload.ts'

/** How far an upload is: the bytes, then each check with what it found. */
export function UploadProgressView({
  file,
  state,
  onCancel,
  onClose,
}: {
  file: File
  state: Extract<UploadState, { tag: 'sending' | 'checking' | 'done' }>
  onCancel: () => void
  onClose: () => void
}): ReactElement {
  const sent = state.tag === 'sending' ? state.sentBytes : file.size
  const total = state.tag === 'sending' ? state.totalBytes : file.size
  return (
    <div className="grid gap-4">
      <div>
        <div className="mb-1.5 flex justify-between gap-3 text-sm">
          <span className="min-w-0 truncate font-medium">{file.name}</span>
          <span className="shrink-0 text-quiet tabular">
            {percent(total === 0 ? 1 : Math.min(1, sent / total))} of {bytes(total)}
          </span>
        </div>
        <Progress label="Upload" done={sent} total={total} />
      </div>
      {state.tag === 'checking' && <Checking since={state.since} />}
      {state.tag === 'done' && <Checked {...state} sizeBytes={file.size} />}
      <div className="flex justify-end gap-2">
        {state.tag === 'done' ? (
          <>
            <Button onClick={onClose}>Close</Button>
            <Link to="/models/$id" params={{ id: state.model.id }} className={buttonLook('primary')}>
              Open the playground
            </Link>
          </>
        ) : (
          <Button onClick={onCancel}>Cancel the upload</Button>
        )}
      </div>
    </div>
  )
}

function Checking({ since }: { since: number }): ReactElement {
  const now = useNow(1000)
  return (
    <div className="grid gap-2 text-sm">
      <Progress label="Checks" done={0} total={null} />
      <p role="status">
        The server checks the file: size and sha256, inputs and outputs, loading, first runs.
      </p>
      <p className="text-[13px] text-quiet tabular">
        For {duration(Math.max(0, Math.round((now - since) / 1000)) * 1000)}; a large model takes minutes.
      </p>
    </div>
  )
}

function Checked({
  model,
  sha256,
  sizeBytes,
}: Extract<UploadState, { tag: 'done' }> & { sizeBytes: number }): ReactElement {
  const { served } = useServed()
  const loadMs = served.get(model.id)?.load_ms
  const inputs = model.input_schema ?? []
  const outputs = model.output_schema ?? []
  return (
    <ul className="grid gap-2.5 text-sm" aria-label="Checks">
      <Check name="Size" word={model.file_size_bytes === sizeBytes ? 'equal' : 'stored'}>
        {model.file_size_bytes === null ? '' : bytes(model.file_size_bytes)}
      </Check>
      <Check
        name="sha256"
        word={sha256 === undefined ? 'stored' : sha256 === model.file_hash ? 'equal' : 'differs'}
      >
        <code className="font-mono text-[13px] [overflow-wrap:anywhere]">{model.file_hash}</code>
      </Check>
      <Check name="Inputs and outputs" word="read">
        {counted(inputs.length, 'input')}:{' '}
        {inputs.map(spec => `${spec.name} ${specInWords(spec)}`).join('; ')}.{' '}
        {counted(outputs.length, 'output')}:{' '}
        {outputs.map(spec => `${spec.name} ${specInWords(spec)}`).join('; ')}.
      </Check>
      <Check name="Loaded and run" word="ready">
        Version {model.version}
        {loadMs != null && `, loaded in ${duration(loadMs)}`}. {executorOf(model)?.inWords}
      </Check>
    </ul>
  )
}

function Check({ name, word, children }: { name: string; word: string; children: ReactNode }): ReactElement {
  return (
    <li className="grid gap-0.5">
      <span className="flex items-center gap-2">
        <span className="font-medium">{name}</span>
        <State tone={word === 'differs' ? 'bad' : 'good'}>{word}</State>
      </span>
      <span className="text-quiet">{children}</span>
    </li>
  )
}
