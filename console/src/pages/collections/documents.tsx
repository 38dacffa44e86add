import type { Collection, KnowledgeDocument } from '@roundhouse/sdk'
import { getRouteApi, Link } from '@tanstack/react-router'
import { ClipboardPaste, EllipsisVertical } from 'lucide-react'
import { type ReactElement, useRef, useState } from 'react'
import { useApiChange, useApiPages } from '../../app/use-api.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { SelectField } from '../../ui/field.tsx'
import { bytes, count } from '../../ui/format.ts'
import { Menu } from '../../ui/menu.tsx'
import { Empty, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { DocumentDrop } from './document-drop.tsx'
import { DocumentState } from './document-state.tsx'
import { PasteDialog } from './paste-dialog.tsx'
import { useUploads } from './uploads.ts'

const route = getRouteApi('/app/collections/$id')

/** What a collection holds, and what is on its way into it. */
export function Documents({
  collection,
  mayChange,
}: {
  collection: Collection
  mayChange: boolean
}): ReactElement {
  const { id } = collection
  const { status } = route.useSearch()
  const navigate = route.useNavigate()
  const uploads = useUploads(id)
  const [isPasting, setPasting] = useState(false)
  const [removed, setRemoved] = useState<KnowledgeDocument>()
  const replaced = useRef<{ input: HTMLInputElement | null; document: string }>({ input: null, document: '' })
  const documents = useApiPages(['collections', id, 'documents', status ?? 'all'], (client, options) =>
    client.knowledge.documents(id, { ...options, ...(status !== undefined && { status }) }),
  )
  const remove = useApiChange(
    (client, document: string) => client.knowledge.removeDocument(id, document),
    ['collections'],
  )
  const retry = useApiChange((client, job: string) => client.jobs.retry(job), ['collections', 'jobs'])
  const columns: Column<KnowledgeDocument>[] = [
    {
      title: 'Name',
      width: 'minmax(9rem,2fr)',
      cell: row => (
        <span title={row.name} className="font-medium">
          {row.name}
        </span>
      ),
    },
    { title: 'State', width: 'minmax(9rem,1.6fr)', cell: row => <DocumentState document={row} /> },
    {
      title: 'Kind',
      width: '6rem',
      cell: row => row.kind ?? <span className="text-quiet">not read yet</span>,
    },
    { title: 'Passages', width: '5rem', numeric: true, cell: row => count(row.chunks) },
    { title: 'Size', width: '5.5rem', numeric: true, cell: row => bytes(row.size_bytes) },
    { title: 'Indexed', width: '6.5rem', cell: row => <Ago at={row.indexed_at} never="not yet" /> },
    {
      title: 'More',
      width: '3rem',
      cell: row => (
        <DocumentMenu
          row={row}
          mayChange={mayChange}
          onReplace={() => {
            replaced.current.document = row.id
            replaced.current.input?.click()
          }}
          onRetry={job => retry.mutate(job)}
          onRemove={() => setRemoved(row)}
        />
      ),
    },
  ]
  const isEmpty = !documents.isPending && !documents.error && documents.items.length === 0
  return (
    <Section
      title="Documents"
      about="Stored at once, found when they are ready. What was found of a document stays found until the new is ready."
      actions={
        <>
          <CopyAsCurl call={documents.call} />
          <SelectField
            label="Which documents"
            hideLabel
            className="!h-7 text-[13px]"
            value={status ?? ''}
            onChange={event => {
              const chosen = statuses.find(one => one === event.target.value)
              void navigate({
                search: ({ status: _before, ...rest }) => (chosen ? { ...rest, status: chosen } : rest),
                replace: true,
              })
            }}
          >
            <option value="">All states</option>
            {statuses.map(one => (
              <option key={one}>{one}</option>
            ))}
          </SelectField>
          <Button
            size="small"
            icon={<ClipboardPaste className="size-3.5" />}
            refused={!mayChange && notYours}
            onClick={() => setPasting(true)}
          >
            Paste text
          </Button>
        </>
      }
    >
      <div className="grid gap-4">
        {mayChange && <DocumentDrop uploads={uploads} />}
        {retry.error && <ProblemNotice error={retry.error} />}
        {documents.error && <ProblemNotice error={documents.error} retry={documents.refetch} />}
        {documents.isPending && <Waiting what="the documents" />}
        {isEmpty && status === undefined && (
          <Empty title="No documents yet">
            Drop files above or paste a text. Each is read, cut into passages and, with an embedding model,
            compared by meaning.
          </Empty>
        )}
        {isEmpty && status !== undefined && (
          <Empty
            title={`No document is ${status}`}
            actions={
              <Link
                from="/collections/$id"
                to="."
                search={({ status: _before, ...rest }) => rest}
                className="text-sm text-accent underline"
              >
                Show all documents
              </Link>
            }
          >
            The others are of another state.
          </Empty>
        )}
        {documents.items.length > 0 && (
          <Table
            label="Documents"
            columns={columns}
            rows={documents.items}
            keyOf={row => row.id}
            hasMore={documents.hasMore}
            isLoadingMore={documents.isLoadingMore}
            onMore={documents.loadMore}
          />
        )}
      </div>
      <input
        ref={element => {
          replaced.current.input = element
        }}
        type="file"
        aria-label="File that takes the place of a document"
        tabIndex={-1}
        className="sr-only"
        onChange={event => {
          const files = [...(event.target.files ?? [])]
          event.target.value = ''
          if (files.length > 0) uploads.add(files.slice(0, 1), replaced.current.document)
        }}
      />
      {isPasting && <PasteDialog collectionId={id} onClose={() => setPasting(false)} />}
      {removed && (
        <ConfirmDialog
          title={`Delete ${removed.name}?`}
          action="Delete document"
          busy="Deleting…"
          onClose={() => setRemoved(undefined)}
          onConfirm={() => remove.mutateAsync(removed.id)}
        >
          Its passages are no longer found, and its file goes too. This cannot be undone.
        </ConfirmDialog>
      )}
    </Section>
  )
}

const statuses = ['queued', 'indexing', 'ready', 'failed'] as const
const notYours = 'Only the owner of the collection and administrators may change it.'

function DocumentMenu({
  row,
  mayChange,
  onReplace,
  onRetry,
  onRemove,
}: {
  row: KnowledgeDocument
  mayChange: boolean
  onReplace: () => void
  onRetry: (job: string) => void
  onRemove: () => void
}): ReactElement {
  const { job_id: job } = row
  const refused = !mayChange && notYours
  return (
    <Menu
      trigger={
        <IconButton label={`More for ${row.name}`} className="-my-1">
          <EllipsisVertical className="size-4" />
        </IconButton>
      }
      items={[
        { label: 'Replace by a file…', onSelect: onReplace, refused },
        ...(row.status === 'failed' && job !== null
          ? [{ label: 'Index again', onSelect: () => onRetry(job), refused }]
          : []),
        { label: 'Delete…', onSelect: onRemove, danger: true, refused },
      ]}
    />
  )
}
