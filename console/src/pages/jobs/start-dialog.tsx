import { type ReactElement, Suspense } from 'react'
import { Dialog } from '../../ui/dialog.tsx'
import { Waiting } from '../../ui/page.tsx'
import { BatchForm } from './batch-form.tsx'
import { PredictionForm } from './prediction-form.tsx'
import { SampleForm } from './sample-form.tsx'

type What = 'prediction' | 'batch' | 'sample'
const kinds: readonly { what: What; label: string }[] = [
  { what: 'prediction', label: 'Prediction later' },
  { what: 'batch', label: 'Batch from a file' },
  { what: 'sample', label: 'Sample batch' },
]

/** Jobs that a person can begin here; which one is in the address. */
export function StartDialog({
  what,
  modelId,
  onChoose,
  onClose,
}: {
  what: What
  /** The model that is chosen at first. */
  modelId: string | undefined
  onChoose: (what: What) => void
  onClose: () => void
}): ReactElement {
  return (
    <Dialog title="Start a job" onClose={onClose} wide>
      <div role="tablist" aria-label="Kind of job" className="mb-5 flex flex-wrap gap-1 border-b border-line">
        {kinds.map(one => (
          <button
            key={one.what}
            type="button"
            role="tab"
            aria-selected={one.what === what}
            onClick={() => onChoose(one.what)}
            className="-mb-px border-b-2 border-transparent px-3 py-2 text-sm font-medium text-quiet hover:text-ink aria-selected:border-accent aria-selected:text-ink"
          >
            {one.label}
          </button>
        ))}
      </div>
      <Suspense fallback={<Waiting what="the form" />}>
        {what === 'prediction' && <PredictionForm modelId={modelId} />}
        {what === 'batch' && <BatchForm modelId={modelId} />}
        {what === 'sample' && <SampleForm />}
      </Suspense>
    </Dialog>
  )
}
