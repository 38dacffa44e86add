import type { Secret } from '@roundhouse/sdk'
import { MoreHorizontal, Pencil, Trash2 } from 'lucide-react'
import { type ReactElement, useMemo } from 'react'
import { IconButton } from '../../ui/button.tsx'
import { Menu } from '../../ui/menu.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'

type Acts = { onChange: (secret: Secret) => void; onRemove: (secret: Secret) => void }

export function SecretsTable({ secrets, ...acts }: { secrets: readonly Secret[] } & Acts): ReactElement {
  const { onChange, onRemove } = acts
  const columns = useMemo(() => columnsOf({ onChange, onRemove }), [onChange, onRemove])
  return <Table label="Secrets" columns={columns} rows={secrets} keyOf={secret => secret.name} />
}

function columnsOf({ onChange, onRemove }: Acts): Column<Secret>[] {
  return [
    {
      title: 'Name',
      width: 'minmax(10rem,2fr)',
      cell: secret => <code className="font-mono text-[13px] font-medium">{secret.name}</code>,
    },
    { title: 'Sent to', width: 'minmax(10rem,2fr)', cell: secret => <Hosts secret={secret} /> },
    {
      title: 'Encrypted with',
      width: '9rem',
      cell: secret => <code className="font-mono text-[13px] text-quiet">{secret.key_id}</code>,
    },
    { title: 'Set', width: '9rem', cell: secret => <Ago at={secret.updated_at} /> },
    { title: 'Made', width: '9rem', cell: secret => <Ago at={secret.created_at} /> },
    {
      title: 'Actions',
      width: '4.5rem',
      cell: secret => (
        <Menu
          trigger={
            <IconButton label={`Actions for ${secret.name}`} className="-my-1.5">
              <MoreHorizontal className="size-4" />
            </IconButton>
          }
          items={[
            {
              label: 'Set a new value',
              icon: <Pencil className="size-4" />,
              refused: isOfProvider(secret) && 'Set it at its provider.',
              onSelect: () => onChange(secret),
            },
            {
              label: 'Remove',
              icon: <Trash2 className="size-4" />,
              danger: true,
              refused: isOfProvider(secret) && 'It goes with its provider.',
              onSelect: () => onRemove(secret),
            },
          ]}
        />
      ),
    },
  ]
}

function isOfProvider({ name }: Secret): boolean {
  return name.startsWith('provider.')
}

function Hosts({ secret }: { secret: Secret }): ReactElement {
  if (isOfProvider(secret)) return <span className="text-quiet">its provider alone</span>
  if (secret.hosts.length === 0) return <span className="text-quiet">nowhere yet</span>
  return <span>{secret.hosts.join(', ')}</span>
}
