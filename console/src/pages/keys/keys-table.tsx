import type { ApiKey } from '@roundhouse/sdk'
import { Copy, MoreHorizontal, Trash2 } from 'lucide-react'
import { type ReactElement, useMemo } from 'react'
import { IconButton } from '../../ui/button.tsx'
import { Menu } from '../../ui/menu.tsx'
import { State } from '../../ui/state.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'

type Acts = { onLike: (key: ApiKey) => void; onRevoke: (key: ApiKey) => void }

export function KeysTable({ keys, onLike, onRevoke }: { keys: readonly ApiKey[] } & Acts): ReactElement {
  const columns = useMemo(() => columnsOf({ onLike, onRevoke }), [onLike, onRevoke])
  return <Table label="Keys" columns={columns} rows={keys} keyOf={key => key.id} />
}

function columnsOf({ onLike, onRevoke }: Acts): Column<ApiKey>[] {
  return [
    {
      title: 'Name',
      width: 'minmax(9rem,2fr)',
      cell: key => <span className="font-medium">{key.name}</span>,
    },
    {
      title: 'Begins with',
      width: '9rem',
      cell: key => <code className="font-mono text-[13px] text-quiet">{key.prefix}…</code>,
    },
    { title: 'Scopes', width: 'minmax(9rem,2fr)', cell: key => key.scopes.join(', ') },
    { title: 'Last used', width: '8rem', cell: key => <Ago at={key.last_used_at} /> },
    { title: 'Expires', width: '9rem', cell: key => <Expiry at={key.expires_at} /> },
    { title: 'Created', width: '8rem', cell: key => <Ago at={key.created_at} /> },
    {
      title: 'Actions',
      width: '4.5rem',
      cell: key => (
        <Menu
          trigger={
            <IconButton label={`Actions for ${key.name}`} className="-my-1.5">
              <MoreHorizontal className="size-4" />
            </IconButton>
          }
          items={[
            {
              label: 'Create one like this',
              icon: <Copy className="size-4" />,
              onSelect: () => onLike(key),
            },
            {
              label: 'Revoke',
              icon: <Trash2 className="size-4" />,
              danger: true,
              onSelect: () => onRevoke(key),
            },
          ]}
        />
      ),
    },
  ]
}

const soonMs = 7 * 86_400_000

function Expiry({ at }: { at: string | null }): ReactElement {
  if (at === null) return <span className="text-quiet">never</span>
  const leftMs = new Date(at).getTime() - Date.now()
  if (leftMs <= 0) return <State tone="bad">expired</State>
  return leftMs < soonMs ? (
    <State tone="warn">
      <Ago at={at} />
    </State>
  ) : (
    <Ago at={at} />
  )
}
