import type { PredictionRecord } from '@roundhouse/sdk'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { type ReactElement, useMemo } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { useApiPages } from '../../app/use-api.ts'
import { Button, buttonLook } from '../../ui/button.tsx'
import { Identifier } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { duration, shortId } from '../../ui/format.ts'
import { Empty, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { State } from '../../ui/state.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { PredictionDetails } from './prediction-details.tsx'

const route = getRouteApi('/app/models/$id/predictions')

/** What this version was asked, newest first, and what it answered. */
export function PredictionsTab(): ReactElement {
  const { id } = route.useParams()
  const { open } = route.useSearch()
  const navigate = useNavigate({ from: '/models/$id/predictions' })
  const isAdmin = useIsAdmin()
  const pages = useApiPages(['predictions', id], (client, options) =>
    client.models.predictions(id, { ...options, limit: 100 }),
  )
  const columns = useMemo(() => columnsOf(isAdmin), [isAdmin])
  const opened = pages.items.find(record => record.id === open)
  const close = () => void navigate({ search: {}, replace: true })

  return (
    <Section
      title="Predictions"
      about={
        isAdmin
          ? 'Calls of this version by everyone, the newest first.'
          : 'Your own calls of this version, the newest first.'
      }
      actions={
        <>
          <CopyAsCurl call={pages.call} />
          <Button size="small" onClick={pages.refetch}>
            Refresh
          </Button>
        </>
      }
    >
      {pages.error !== null && <ProblemNotice error={pages.error} retry={pages.refetch} />}
      {pages.isPending && <Waiting what="the predictions" />}
      {!pages.isPending && pages.error === null && pages.items.length === 0 && (
        <Empty
          title="No predictions yet"
          actions={
            <Link to="/models/$id" params={{ id }} className={buttonLook('primary')}>
              Open the playground
            </Link>
          }
        >
          Each call of this version is written down here a moment after its answer, with what it was given
          where that is small.
        </Empty>
      )}
      {pages.items.length > 0 && (
        <Table
          label="Predictions"
          columns={columns}
          rows={pages.items}
          keyOf={record => record.id}
          hasMore={pages.hasMore}
          isLoadingMore={pages.isLoadingMore}
          onMore={pages.loadMore}
        />
      )}
      {open !== undefined && !pages.isPending && (
        <Dialog title="Prediction" place="side" onClose={close}>
          {opened ? (
            <PredictionDetails record={opened} />
          ) : (
            <div className="grid justify-items-start gap-3 text-sm">
              <p>
                The prediction <Identifier value={open} label="id of the prediction" /> is not among the
                newest {pages.items.length}.
              </p>
              {pages.hasMore && (
                <Button busy={pages.isLoadingMore && 'Loading…'} onClick={pages.loadMore}>
                  Look further back
                </Button>
              )}
            </div>
          )}
        </Dialog>
      )}
    </Section>
  )
}

function columnsOf(isAdmin: boolean): Column<PredictionRecord>[] {
  return [
    {
      title: 'When',
      width: 'minmax(7rem,1fr)',
      cell: record => (
        <Link to="." search={{ open: record.id }} className={rowLink}>
          <Ago at={record.created_at} />
        </Link>
      ),
    },
    {
      title: 'State',
      width: 'minmax(6rem,2fr)',
      cell: ({ status, error }) => (
        <span className="flex min-w-0 items-center gap-2">
          <State tone={status === 'ok' ? 'good' : 'bad'}>{status}</State>
          {error !== null && (
            <span className="truncate text-[13px] text-quiet" title={error}>
              {error}
            </span>
          )}
        </span>
      ),
    },
    {
      title: 'Time in the model',
      width: '9rem',
      numeric: true,
      cell: ({ cached, inference_time_ms: ms }) => (cached ? '–' : duration(ms)),
    },
    { title: 'Cached', width: '5rem', cell: ({ cached }) => (cached ? 'yes' : 'no') },
    ...(isAdmin
      ? [
          {
            title: 'By',
            width: 'minmax(6rem,1fr)',
            cell: ({ user_id: user }: PredictionRecord) =>
              user === null ? <span className="text-quiet">no account</span> : <UserName id={user} />,
          },
        ]
      : []),
    {
      title: 'Request',
      width: '7rem',
      cell: ({ request_id: request }) =>
        request === '' ? (
          <span className="text-quiet">–</span>
        ) : (
          <Link
            to="/requests/$id"
            params={{ id: request }}
            title={request}
            className="font-mono text-[13px] hover:underline"
          >
            {shortId(request)}
          </Link>
        ),
    },
  ]
}
