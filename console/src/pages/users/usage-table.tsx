import type { Usage, UsageBy, UsageRow } from '@roundhouse/sdk'
import { Link } from '@tanstack/react-router'
import { type ReactElement, useMemo } from 'react'
import { count, duration, shortId } from '../../ui/format.ts'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { dollars, usageGroups } from './usage-words.ts'

export function UsageTable({ usage }: { usage: Usage }): ReactElement {
  const most = Math.max(1, ...usage.data.map(row => row.credits))
  const columns = useMemo(() => columnsOf(usage.by, most), [usage.by, most])
  return (
    <Table
      label={usageGroups.find(one => one.by === usage.by)?.one ?? 'rows'}
      columns={columns}
      rows={usage.data}
      keyOf={row => row.key ?? 'none'}
    />
  )
}

function columnsOf(by: UsageBy, most: number): Column<UsageRow>[] {
  return [
    {
      title: usageGroups.find(one => one.by === by)?.label ?? by,
      width: 'minmax(8rem,2fr)',
      cell: row => <Name by={by} row={row} />,
    },
    { title: 'Runs', width: '3.5rem', numeric: true, cell: row => count(row.runs) },
    { title: 'Calls', width: '3.5rem', numeric: true, cell: row => count(row.calls) },
    { title: 'Failed', width: '3.5rem', numeric: true, cell: row => <Failed count={row.errors} /> },
    { title: 'Tokens in', width: '5.5rem', numeric: true, cell: row => count(row.input_tokens) },
    { title: 'Tokens out', width: '5.5rem', numeric: true, cell: row => count(row.output_tokens) },
    {
      title: 'First token',
      width: '5.5rem',
      numeric: true,
      cell: row =>
        row.first_token_ms_p50 === null ? (
          <span className="text-quiet">none</span>
        ) : (
          <span title="The median">{duration(row.first_token_ms_p50)}</span>
        ),
    },
    { title: 'Cost', width: '5rem', numeric: true, cell: row => dollars(row.cost_micros) },
    {
      title: 'Credits',
      width: 'minmax(7rem,1fr)',
      numeric: true,
      cell: row => <Share of={row} most={most} />,
    },
  ]
}

function Name({ by, row }: { by: UsageBy; row: UsageRow }): ReactElement {
  const { key, name } = row
  if (key === null)
    return <span className="text-quiet">{by === 'user' ? 'this server' : 'calls without an agent'}</span>
  if (by === 'user')
    return (
      <Link to="/users/$id" params={{ id: key }} className={rowLink}>
        {name ?? `${shortId(key)} (gone)`}
      </Link>
    )
  if (by === 'agent')
    return name === null ? (
      <span className="text-quiet">{shortId(key)} (gone)</span>
    ) : (
      <Link to="/agents/$id" params={{ id: key }} className={rowLink}>
        {name}
      </Link>
    )
  return <span className="font-medium">{name ?? key}</span>
}

function Failed({ count: failed }: { count: number }): ReactElement {
  return failed === 0 ? (
    <span className="text-quiet">0</span>
  ) : (
    <span className="text-bad">{count(failed)}</span>
  )
}

/** The number, and how long it is beside the largest. */
function Share({ of, most }: { of: UsageRow; most: number }): ReactElement {
  return (
    <span className="inline-flex w-full items-center justify-end gap-2">
      <span aria-hidden="true" className="hidden h-1.5 flex-1 justify-end sm:flex">
        <span
          className="rounded-full bg-accent/60"
          style={{ width: `${Math.max(of.credits > 0 ? 3 : 0, (of.credits / most) * 100)}%` }}
        />
      </span>
      {count(of.credits)}
    </span>
  )
}
