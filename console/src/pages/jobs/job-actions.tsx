import type { Client, Job } from '@roundhouse/sdk'
import { useNavigate } from '@tanstack/react-router'
import { Ban, Ellipsis, RotateCcw, Trash2 } from 'lucide-react'
import { type ReactElement, useCallback, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { CallSnippets } from '../../ui/call-snippets.tsx'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { Menu } from '../../ui/menu.tsx'
import { sentenceOf } from '../../ui/problem.tsx'
import { toast } from '../../ui/toast.ts'
import { hasEnded, whyNotCancel, whyNotRetry } from './job-words.ts'

export function JobActions({ job }: { job: Job }): ReactElement {
  const navigate = useNavigate()
  const [asked, setAsked] = useState<'cancel' | 'delete' | 'curl'>()
  const cancel = useApiChange((client, id: string) => client.jobs.cancel(id), ['jobs', 'credits'])
  const retry = useApiChange((client, id: string) => client.jobs.retry(id), ['jobs', 'credits'])
  const remove = useApiChange((client, id: string) => client.jobs.remove(id), [])
  const again = whyNotRetry(job)
  const change = useCallback(
    (client: Client) => (again ? client.jobs.cancel(job.id) : client.jobs.retry(job.id)),
    [again, job.id],
  )
  return (
    <>
      <Button
        icon={<RotateCcw className="size-4" />}
        refused={again}
        busy={retry.isPending && 'Beginning…'}
        onClick={() => retry.mutate(job.id, { onError: error => void toast(sentenceOf(error)) })}
      >
        Replay
      </Button>
      <Button
        look="danger"
        icon={<Ban className="size-4" />}
        refused={whyNotCancel(job)}
        onClick={() => setAsked('cancel')}
      >
        Cancel
      </Button>
      <Menu
        trigger={
          <IconButton label="More for this job">
            <Ellipsis className="size-4" />
          </IconButton>
        }
        items={[
          {
            label: again ? 'Cancel from elsewhere' : 'Replay from elsewhere',
            onSelect: () => setAsked('curl'),
          },
          {
            label: 'Delete job',
            icon: <Trash2 className="size-4" />,
            danger: true,
            refused: !hasEnded(job) && 'It has not ended yet: cancel it first.',
            onSelect: () => setAsked('delete'),
          },
        ]}
      />
      {asked === 'curl' && (
        <Dialog title="The same from elsewhere" wide onClose={() => setAsked(undefined)}>
          <CallSnippets call={change} />
        </Dialog>
      )}
      {asked === 'cancel' && (
        <ConfirmDialog
          title="Cancel this job?"
          action="Cancel the job"
          busy="Telling it…"
          onClose={() => setAsked(undefined)}
          onConfirm={() => cancel.mutateAsync(job.id)}
        >
          {job.status === 'queued'
            ? 'It ends at once, and what is held for it is given back.'
            : 'It is told to stop, and may still end otherwise before it hears of it. Finished segments of a batch are paid; the rest is given back.'}
        </ConfirmDialog>
      )}
      {asked === 'delete' && (
        <ConfirmDialog
          title="Delete this job?"
          action="Delete job"
          busy="Deleting…"
          onClose={() => setAsked(undefined)}
          onConfirm={async () => {
            await remove.mutateAsync(job.id)
            await navigate({ to: '/jobs' })
          }}
        >
          The job goes with its result and the files of its result.
        </ConfirmDialog>
      )}
    </>
  )
}
