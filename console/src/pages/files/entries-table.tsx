import type { FileEntry } from '@roundhouse/sdk'
import { File, Folder } from 'lucide-react'
import { type ReactElement, useMemo } from 'react'
import type { ApiPages } from '../../app/use-api.ts'
import { bytes } from '../../ui/format.ts'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import type { Selection } from '../../ui/use-selection.ts'

type Props = {
  entries: ApiPages<FileEntry>
  selection: Selection
  onFolder: (name: string) => void
  onFile: (name: string) => void
}

export function EntriesTable({ entries, selection, onFolder, onFile }: Props): ReactElement {
  const columns = useMemo(() => columnsFor({ selection, onFolder, onFile }), [selection, onFolder, onFile])
  return (
    <Table
      label="Files"
      columns={columns}
      rows={entries.items}
      keyOf={entry => entry.id ?? `${entry.name}/`}
      hasMore={entries.hasMore}
      isLoadingMore={entries.isLoadingMore}
      onMore={entries.loadMore}
    />
  )
}

function columnsFor({ selection, onFolder, onFile }: Omit<Props, 'entries'>): Column<FileEntry>[] {
  return [
    {
      title: 'Select',
      width: '3rem',
      cell: ({ name }) => (
        <input
          type="checkbox"
          aria-label={`Select ${name}`}
          className="size-4 align-middle accent-accent"
          checked={selection.has(name)}
          onChange={() => selection.toggle(name)}
        />
      ),
    },
    {
      title: 'Name',
      width: 'minmax(10rem,3fr)',
      cell: ({ name, id }) => {
        const Icon = id === null ? Folder : File
        return (
          <button
            type="button"
            onClick={() => (id === null ? onFolder(name) : onFile(name))}
            className={`inline-flex max-w-full items-center gap-2 ${rowLink}`}
          >
            <Icon aria-label={id === null ? 'Folder' : 'File'} className="size-4 shrink-0 text-quiet" />
            <span className="truncate">{name}</span>
          </button>
        )
      },
    },
    {
      title: 'Size',
      width: '6.5rem',
      numeric: true,
      cell: ({ metadata }) => (metadata ? bytes(metadata.size) : <span className="text-quiet">folder</span>),
    },
    {
      title: 'Type',
      width: 'minmax(6rem,1fr)',
      cell: ({ metadata }) => <span className="text-quiet">{metadata?.mimetype ?? ''}</span>,
    },
    { title: 'Changed', width: '7rem', cell: entry => <Ago at={entry.updated_at} never="" /> },
  ]
}
