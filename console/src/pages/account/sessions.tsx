import type { Session } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApi, useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Empty, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { State } from '../../ui/state.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { browserOf } from './browser-of.ts'

/** Where the caller is signed in, each with its end. */
export function Sessions(): ReactElement {
  const [asked, setAsked] = useState<Session>()
  const sessions = useApi(['sessions'], (client, options) => client.sessions.list(options))
  const end = useApiChange((client, id: string) => client.sessions.revoke(id), ['sessions'])
  const columns: Column<Session>[] = [
    {
      title: 'Place',
      width: 'minmax(13rem,3fr)',
      cell: session => (
        <span title={session.user_agent ?? undefined}>
          {browserOf(session.user_agent)} {session.current && <State tone="good">this one</State>}
        </span>
      ),
    },
    {
      title: 'Address',
      width: 'minmax(6rem,9rem)',
      cell: session => session.ip_address ?? <span className="text-quiet">not known</span>,
    },
    { title: 'Since', width: '7rem', cell: session => <Ago at={session.created_at} /> },
    { title: 'Ends', width: '6rem', cell: session => <Ago at={session.expires_at} /> },
    {
      title: 'Action',
      width: '5.5rem',
      cell: session => (
        <Button
          size="small"
          aria-label={`End the session of ${browserOf(session.user_agent)}`}
          refused={session.current && 'This is where you are: sign out instead.'}
          onClick={() => setAsked(session)}
        >
          End
        </Button>
      ),
    },
  ]
  if (sessions.error) return <ProblemNotice error={sessions.error} retry={() => void sessions.refetch()} />
  if (sessions.isPending) return <Waiting what="your sessions" />
  if (sessions.data.data.length === 0)
    return <Empty title="No sessions">You are here by a token of another issuer, or by a key.</Empty>
  return (
    <>
      <Table label="Sessions" columns={columns} rows={sessions.data.data} keyOf={session => session.id} />
      {asked && (
        <ConfirmDialog
          title="End this session?"
          action="End the session"
          busy="Ending…"
          onClose={() => setAsked(undefined)}
          onConfirm={() => end.mutateAsync(asked.id)}
        >
          {browserOf(asked.user_agent)} has to sign in again.
        </ConfirmDialog>
      )}
    </>
  )
}
