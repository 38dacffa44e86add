import { type ReactElement, useState } from 'react'
import { useApi } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField } from '../../ui/field.tsx'
import { count } from '../../ui/format.ts'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { Sending } from './batch-form.tsx'
import { makeSampleRows } from './sample-rows.ts'
import { useBatch } from './use-batch.ts'

const sampleModel = 'digits'
/** Some 70,000 of them a second on 2 cores (2026-11): the second leaves time to go and kill the server. */
const sizes = [200_000, 1_000_000, 2_000_000] as const

/** Long enough to be watched, and to end the server under it. */
export function SampleForm(): ReactElement {
  const model = useApi(['models', 'latest', sampleModel], (client, options) =>
    client.models.latest(sampleModel, options),
  )
  const [rows, setRows] = useState<number>(sizes[1])
  const batch = useBatch()
  if (model.isPending) return <Waiting what="the sample model" />
  if (model.error)
    return (
      <Notice tone="warn">
        There is no model {sampleModel} here that you may call. A new server has it, unless{' '}
        <code className="font-mono">SAMPLE_MODEL</code> is false; any model takes a batch from a file.
      </Notice>
    )
  const { id, version } = model.data
  return (
    <div className="grid gap-4 text-sm">
      <p>
        Strokes of 64 pixels, made in this browser, for <strong>{sampleModel}</strong> version {version}. The
        job shows how work survives:
      </p>
      <ol className="grid list-decimal gap-1 pl-5 text-quiet">
        <li>Watch its progress live.</li>
        <li>
          Kill the server while it works, as hard as you like: <code className="font-mono">kill -9</code>, or
          pull the plug.
        </li>
        <li>Start it again. This page finds it by itself, and the job goes on behind what was kept.</li>
      </ol>
      <div className="max-w-56">
        <SelectField label="Rows" value={rows} onChange={({ target }) => setRows(Number(target.value))}>
          {sizes.map(size => (
            <option key={size} value={size}>
              {count(size)}
            </option>
          ))}
        </SelectField>
      </div>
      <Sending batch={batch} />
      {batch.error !== undefined && <ProblemNotice error={batch.error} />}
      <div className="flex justify-end gap-2">
        {batch.isBusy && <Button onClick={batch.cancel}>Cancel</Button>}
        <Button
          look="primary"
          busy={batch.isBusy && 'Starting…'}
          onClick={() =>
            batch.start({ modelId: id, rows: makeSampleRows(rows), priority: 0, isSample: true })
          }
        >
          Start the sample batch
        </Button>
      </div>
    </div>
  )
}
