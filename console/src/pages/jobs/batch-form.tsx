import type { BatchFormat } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { DropZone } from '../../ui/drop-zone.tsx'
import { SelectField } from '../../ui/field.tsx'
import { bytes } from '../../ui/format.ts'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Progress } from '../../ui/progress.tsx'
import { ModelField, useCallableModels } from './model-field.tsx'
import { NoModel } from './prediction-form.tsx'
import { PriorityField } from './priority-field.tsx'
import { type BatchUpload, useBatch } from './use-batch.ts'

/** A prediction for every row of a file. */
export function BatchForm({ modelId }: { modelId: string | undefined }): ReactElement {
  const { models, isPending, error } = useCallableModels()
  const [chosen, setChosen] = useState(modelId)
  const [file, setFile] = useState<File>()
  const [output, setOutput] = useState<BatchFormat>()
  const [priority, setPriority] = useState(0)
  const batch = useBatch()
  if (error) return <ProblemNotice error={error} />
  if (isPending) return <Waiting what="the models" />
  const model = models.find(one => one.id === chosen) ?? models[0]
  if (!model) return <NoModel />
  const inputs = (model.input_schema ?? []).map(
    ({ name, dtype, shape }) => `${name} ${dtype} [${shape.map(size => size ?? 'N').join(', ')}]`,
  )
  return (
    <form
      className="grid gap-4"
      onSubmit={event => {
        event.preventDefault()
        if (file) batch.start({ modelId: model.id, rows: file, ...(output && { output }), priority })
      }}
    >
      <div className="grid gap-4 sm:grid-cols-[1fr_10rem_9rem]">
        <ModelField models={models} value={model.id} onChange={setChosen} />
        <SelectField
          label="Result"
          value={output ?? ''}
          onChange={({ target }) => setOutput((['csv', 'jsonl'] as const).find(one => one === target.value))}
        >
          <option value="">as the rows</option>
          <option value="csv">CSV</option>
          <option value="jsonl">JSON lines</option>
        </SelectField>
        <PriorityField value={priority} onChange={setPriority} />
      </div>
      <DropZone
        label="Choose a CSV or JSON lines file"
        accept=".csv,.jsonl,.ndjson"
        onFiles={([one]) => setFile(one)}
      >
        {file ? (
          <p className="text-ink">
            {file.name}, {bytes(file.size)}
          </p>
        ) : (
          <p className="max-w-prose">
            A CSV whose first line names the columns, or a JSON value on each line. Takes {inputs.join(', ')}.
          </p>
        )}
      </DropZone>
      <Sending batch={batch} />
      {batch.error !== undefined && <ProblemNotice error={batch.error} />}
      <div className="flex justify-end gap-2">
        {batch.isBusy && <Button onClick={batch.cancel}>Cancel</Button>}
        <Button
          look="primary"
          type="submit"
          busy={batch.isBusy && 'Sending…'}
          refused={!file && 'Choose the file of rows first.'}
        >
          Start the batch
        </Button>
      </div>
    </form>
  )
}

/** How much of the rows has been sent. */
export function Sending({ batch: { sent, isBusy } }: { batch: BatchUpload }): ReactElement | null {
  if (!isBusy || !sent) return null
  const words = `${bytes(sent.sentBytes)} of ${bytes(sent.totalBytes)} sent`
  return (
    <div className="grid gap-1">
      <p className="text-[13px] text-quiet tabular">
        {words}
        {sent.sentBytes === sent.totalBytes && ', the server stores them'}
      </p>
      <Progress label={words} done={sent.sentBytes} total={sent.totalBytes} />
    </div>
  )
}
