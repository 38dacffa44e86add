import type { CreateModel, Model } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApi } from '../../app/use-api.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { DropZone } from '../../ui/drop-zone.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { UploadForm } from './upload-form.tsx'
import { UploadProgressView } from './upload-progress.tsx'
import { limitsInWords } from './upload-rules.ts'
import { useUpload } from './use-upload.ts'

/** From a file to a version that serves: chosen, named, sent, checked. */
export function UploadDialog({
  file: dropped,
  name,
  models,
  onClose,
}: {
  file?: File
  /** Of the model that gets a version; undefined where the name is free to choose. */
  name?: string
  /** Those that are known, to say whether a name is new. */
  models: readonly Model[]
  onClose: () => void
}): ReactElement {
  const [file, setFile] = useState(dropped)
  const [draft, setDraft] = useState<CreateModel>()
  const limits = useApi(['models', 'limits'], (client, options) => client.limits(options))
  const { state, start, cancel } = useUpload()
  const isUnderWay = state.tag === 'sending' || state.tag === 'checking'
  const choose = ([chosen]: File[]) => setFile(chosen)

  return (
    <Dialog
      title={name === undefined ? 'Upload a model' : `Upload the next version of ${name}`}
      onClose={onClose}
    >
      <div className="grid gap-4">
        {limits.error !== null && <ProblemNotice error={limits.error} />}
        {file === undefined ? (
          <DropZone label="Choose an ONNX file" accept=".onnx" onFiles={choose}>
            {limits.data && <p>{limitsInWords(limits.data)}</p>}
          </DropZone>
        ) : isUnderWay || state.tag === 'done' ? (
          <UploadProgressView file={file} state={state} onCancel={cancel} onClose={onClose} />
        ) : (
          <UploadForm
            file={file}
            {...(name !== undefined && { name })}
            models={models}
            limits={limits.data}
            {...(state.tag === 'failed' && { error: state.error })}
            onOther={() => {
              setDraft(undefined)
              setFile(undefined)
            }}
            {...(draft !== undefined && { before: draft })}
            onSend={asked => {
              setDraft(asked)
              void start(file, asked)
            }}
          />
        )}
      </div>
    </Dialog>
  )
}
