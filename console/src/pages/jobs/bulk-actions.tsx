import type { Client, Job } from '@roundhouse/sdk'
import { useClient } from '@roundhouse/sdk/react'
import { useQueryClient } from '@tanstack/react-query'
import { Ban, RotateCcw } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { refresh } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { counted } from '../../ui/format.ts'
import { sentenceOf } from '../../ui/problem.tsx'
import { toast } from '../../ui/toast.ts'
import type { Selection } from '../../ui/use-selection.ts'
import { whyNotCancel, whyNotRetry } from './job-words.ts'

/** At the same time: each is a request of its own. */
const together = 4

/** What is done to the chosen jobs; of those that are shown. */
export function BulkActions({
  jobs,
  selection,
}: {
  jobs: readonly Job[]
  selection: Selection
}): ReactElement {
  const client = useClient()
  const queries = useQueryClient()
  const [asked, setAsked] = useState<'cancel' | 'retry'>()
  const chosen = jobs.filter(job => selection.has(job.id))
  const toCancel = chosen.filter(job => !whyNotCancel(job))
  const toRetry = chosen.filter(job => !whyNotRetry(job))
  const act = async (rows: readonly Job[], change: (one: Client, id: string) => Promise<Job>) => {
    try {
      await each(rows, job => change(client, job.id))
      void toast(`${counted(rows.length, 'job')} told.`)
      selection.clear()
    } finally {
      await refresh(queries, ['jobs', 'credits'])
    }
  }
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2 text-sm">
      <Button
        size="small"
        look="quiet"
        onClick={() => (chosen.length > 0 ? selection.clear() : selection.set(jobs.map(job => job.id)))}
      >
        {chosen.length > 0 ? 'Select none' : 'Select all shown'}
      </Button>
      {chosen.length > 0 && (
        <>
          <span className="text-quiet">{counted(chosen.length, 'job')} selected</span>
          <Button
            size="small"
            icon={<RotateCcw className="size-3.5" />}
            refused={toRetry.length === 0 && 'None of them failed or was cancelled.'}
            onClick={() => setAsked('retry')}
          >
            Retry {toRetry.length}
          </Button>
          <Button
            size="small"
            look="danger"
            icon={<Ban className="size-3.5" />}
            refused={toCancel.length === 0 && 'All of them have ended.'}
            onClick={() => setAsked('cancel')}
          >
            Cancel {toCancel.length}
          </Button>
        </>
      )}
      {asked === 'cancel' && (
        <ConfirmDialog
          title={`Cancel ${counted(toCancel.length, 'job')}?`}
          action="Cancel them"
          busy="Telling them…"
          onClose={() => setAsked(undefined)}
          onConfirm={() => act(toCancel, (one, id) => one.jobs.cancel(id))}
        >
          Those that wait end at once; those that run are told to stop. What is held for them is given back.
        </ConfirmDialog>
      )}
      {asked === 'retry' && (
        <ConfirmDialog
          title={`Begin ${counted(toRetry.length, 'job')} anew?`}
          action="Retry them"
          busy="Beginning…"
          onClose={() => setAsked(undefined)}
          onConfirm={() => act(toRetry, (one, id) => one.jobs.retry(id))}
        >
          They keep their ids and go on behind the steps that were kept. What they cost is held again.
        </ConfirmDialog>
      )}
    </div>
  )
}

/** All of them, whatever becomes of one. @throws Error that says how many could not be told, and why. */
async function each(jobs: readonly Job[], act: (job: Job) => Promise<unknown>): Promise<void> {
  const rest = [...jobs]
  const failures: unknown[] = []
  const work = async () => {
    for (let job = rest.shift(); job; job = rest.shift())
      await act(job).catch((error: unknown) => {
        failures.push(error)
      })
  }
  await Promise.all(Array.from({ length: together }, work))
  if (failures.length > 0)
    throw new Error(`${failures.length} of ${jobs.length} could not be told: ${sentenceOf(failures[0])}`)
}
