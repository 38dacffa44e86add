import type { CreditEntry } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApi, useApiPages } from '../../app/use-api.ts'
import { count, shortId } from '../../ui/format.ts'
import { Empty, Stat, Stats, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { Moment } from '../../ui/time.tsx'
import { Work } from '../users/ledger.tsx'
import { reasonInWords } from '../users/ledger-words.ts'

const columns: readonly Column<CreditEntry>[] = [
  { title: 'When', width: 'minmax(9rem,15rem)', cell: entry => <Moment at={entry.created_at} /> },
  {
    title: 'Credits',
    width: '6rem',
    numeric: true,
    cell: ({ amount }) => (
      <span className={amount < 0 ? 'text-ink' : 'text-good'}>
        {amount > 0 && '+'}
        {count(amount)}
      </span>
    ),
  },
  { title: 'Reason', width: 'minmax(8rem,2fr)', cell: entry => reasonInWords(entry.reason) },
  { title: 'For', width: 'minmax(8rem,1.5fr)', cell: entry => <Work reference={entry.reference} /> },
  {
    title: 'Request',
    width: '8rem',
    cell: ({ request_id: id }) =>
      id === null ? (
        <span className="text-quiet">none</span>
      ) : (
        <Link
          to="/requests/$id"
          params={{ id }}
          title={id}
          className="font-mono text-[13px] underline underline-offset-2"
        >
          {shortId(id)}
        </Link>
      ),
  },
]

/** Balance and ledger of the caller. */
export function Credits(): ReactElement {
  const account = useApi(['credits', 'mine'], (client, options) => client.credits.get(options))
  const entries = useApiPages(['credits', 'mine'], (client, options) => client.credits.entries.list(options))
  if (account.error) return <ProblemNotice error={account.error} retry={() => void account.refetch()} />
  if (account.isPending) return <Waiting what="your credits" />
  const { balance, held } = account.data
  return (
    <>
      <div className="max-w-2xl">
        <Stats>
          <Stat label="Balance" value={count(balance)} hint="credits" />
          <Stat label="Held" value={count(held)} hint="for work under way" />
          <Stat label="To spend" value={count(balance - held)} hint="credits" />
        </Stats>
      </div>
      {entries.error && <ProblemNotice error={entries.error} retry={entries.refetch} />}
      {entries.isPending && <Waiting what="the ledger" />}
      {!entries.isPending && !entries.error && entries.items.length === 0 && (
        <Empty title="Nothing was spent or given yet">
          Each call that has a price, and each gift, is a line here.
        </Empty>
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
    </>
  )
}
