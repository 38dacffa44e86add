import type { CreditEntry, User } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApiPages } from '../../app/use-api.ts'
import { classes } from '../../ui/class-names.ts'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { count, shortId } from '../../ui/format.ts'
import { Empty, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { reasonInWords, workOf } from './ledger-words.ts'

/** Every movement of a user's credits, newest first; nothing in it is ever changed. */
export function Ledger({ user }: { user: User }): ReactElement {
  const entries = useApiPages(['credits', user.id], (client, options) =>
    client.admin.users.credits.list(user.id, options),
  )
  return (
    <Section
      title="Ledger"
      about="Every movement of credits. Entries are added and never changed."
      actions={<CopyAsCurl call={entries.call} />}
    >
      {entries.error && <ProblemNotice error={entries.error} retry={entries.refetch} />}
      {entries.isPending && <Waiting what="the ledger" />}
      {!entries.isPending && !entries.error && entries.items.length === 0 && (
        <Empty title="Nothing was booked yet">Grants and what work costs will stand here.</Empty>
      )}
      {entries.items.length > 0 && (
        <Table
          label="Ledger entries"
          columns={columns}
          rows={entries.items}
          keyOf={entry => String(entry.id)}
          hasMore={entries.hasMore}
          isLoadingMore={entries.isLoadingMore}
          onMore={entries.loadMore}
        />
      )}
    </Section>
  )
}

const columns: Column<CreditEntry>[] = [
  { title: 'When', width: '8rem', cell: entry => <Ago at={entry.created_at} /> },
  {
    title: 'Credits',
    width: '8rem',
    numeric: true,
    cell: entry => (
      <span className={classes('font-medium', entry.amount > 0 && 'text-good')}>
        {entry.amount > 0 ? `+${count(entry.amount)}` : count(entry.amount)}
      </span>
    ),
  },
  { title: 'Reason', width: 'minmax(8rem,2fr)', cell: entry => reasonInWords(entry.reason) },
  { title: 'For', width: 'minmax(8rem,1.5fr)', cell: entry => <Work reference={entry.reference} /> },
  {
    title: 'Request',
    width: '8rem',
    cell: entry =>
      entry.request_id === null ? (
        <span className="text-quiet">none</span>
      ) : (
        <Link
          to="/requests/$id"
          params={{ id: entry.request_id }}
          title={entry.request_id}
          className="font-mono text-[13px] underline-offset-2 hover:underline"
        >
          {shortId(entry.request_id)}
        </Link>
      ),
  },
]

/** The run or job that it paid for. */
export function Work({ reference }: { reference: string | null }): ReactElement {
  if (reference === null) return <span className="text-quiet">no work</span>
  const work = workOf(reference)
  if (!work) return <code className="font-mono text-[13px]">{reference}</code>
  return (
    <Link
      to={work.kind === 'run' ? '/runs/$id' : '/jobs/$id'}
      params={{ id: work.id }}
      className="underline-offset-2 hover:underline"
    >
      {work.kind} <code className="font-mono text-[13px] text-quiet">{shortId(work.id)}</code>
    </Link>
  )
}
