import type { FollowedEvent } from '@roundhouse/sdk'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { CodeBlock, CopyButton } from '../../ui/copy.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Empty } from '../../ui/page.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'

const route = getRouteApi('/app/runs/$id')

/** The events of a run as they were told. */
export function RawEvents({
  runId,
  events,
}: {
  runId: string
  events: readonly FollowedEvent[]
}): ReactElement {
  const { event: open } = route.useSearch()
  const navigate = useNavigate({ from: '/runs/$id' })
  if (events.length === 0)
    return (
      <Empty title="No events">
        They come while the run goes on, and are kept for a time behind its end.
      </Empty>
    )
  const columns: Column<FollowedEvent>[] = [
    {
      title: 'Number',
      width: '5rem',
      numeric: true,
      cell: ({ seq }) => <span className="text-quiet">{seq}</span>,
    },
    {
      title: 'Event',
      width: '11rem',
      cell: ({ seq, event }) => (
        <Link
          to="/runs/$id"
          params={{ id: runId }}
          search={{ as: 'events', event: seq }}
          className={`${rowLink} font-mono text-[13px]`}
        >
          {event.type}
        </Link>
      ),
    },
    {
      title: 'What it says',
      width: 'minmax(0,1fr)',
      cell: ({ event }) => <code className="font-mono text-[13px] text-quiet">{said(event)}</code>,
    },
  ]
  const shown = events.find(({ seq }) => seq === open)
  return (
    <>
      <p className="mb-2 flex items-center gap-1 text-[13px] text-quiet">
        Copy all as JSON lines
        <CopyButton
          text={events.map(one => JSON.stringify({ seq: one.seq, ...one.event })).join('\n')}
          label="all events"
        />
      </p>
      <Table label="Events" columns={columns} rows={events} keyOf={({ seq }) => String(seq)} />
      {shown && (
        <Dialog
          place="side"
          title={`Event ${shown.seq}: ${shown.event.type}`}
          onClose={() => void navigate({ search: ({ event: _, ...before }) => before })}
        >
          <CodeBlock
            label="event"
            code={JSON.stringify(shown.event, null, 2)}
            className="[&_pre]:max-h-none"
          />
        </Dialog>
      )}
    </>
  )
}

function said({ type: _, ...rest }: FollowedEvent['event']): string {
  return JSON.stringify(rest).slice(0, 300)
}
