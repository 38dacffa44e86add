import type { Bucket } from '@roundhouse/sdk'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Globe, Lock, Pencil, Plus, Trash2 } from 'lucide-react'
import { type ReactElement, useCallback, useMemo, useState } from 'react'
import { useIsAdmin } from '../../app/me.ts'
import { useApi, useApiChange } from '../../app/use-api.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { bytes } from '../../ui/format.ts'
import { Empty, Page, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { BucketForm } from './bucket-form.tsx'

const route = getRouteApi('/app/files')
const onlyAdmins = 'Administrators make and change buckets.'
type Asked = { what: 'edit' | 'delete'; bucket: Bucket }

export function BucketsPage(): ReactElement {
  const { q, new: isNew } = route.useSearch()
  const navigate = route.useNavigate()
  const isAdmin = useIsAdmin()
  const [asked, setAsked] = useState<Asked>()
  const buckets = useApi(['files', 'buckets'], (client, options) => client.files.buckets.list(options))
  const remove = useApiChange(
    async (client, name: string) => {
      await client.files.buckets.empty(name)
      await client.files.buckets.remove(name)
    },
    ['files'],
  )
  const columns = useMemo(() => columnsFor(isAdmin, setAsked), [isAdmin])
  const search = useCallback(
    (text: string) =>
      void navigate({ search: before => ({ ...before, q: text || undefined }), replace: true }),
    [navigate],
  )
  const setNew = (open: true | undefined) =>
    void navigate({ search: before => ({ ...before, new: open }), replace: true })
  const shown = (buckets.data ?? []).filter(bucket =>
    bucket.name.toLowerCase().includes((q ?? '').toLowerCase()),
  )
  const create = (
    <Button
      look="primary"
      icon={<Plus className="size-4" />}
      refused={!isAdmin && onlyAdmins}
      onClick={() => setNew(true)}
    >
      New bucket
    </Button>
  )
  return (
    <Page
      title="Files"
      about="Buckets of files, private or public, in the wire format of Supabase Storage."
      actions={
        <>
          <CopyAsCurl call={buckets.call} />
          {create}
        </>
      }
    >
      {buckets.error && <ProblemNotice error={buckets.error} retry={() => void buckets.refetch()} />}
      {buckets.isPending && <Waiting what="the buckets" />}
      {buckets.data?.length === 0 && (
        <Empty title="No bucket is for you yet" actions={create}>
          A bucket holds files under names like folders. {!isAdmin && onlyAdmins}
        </Empty>
      )}
      {buckets.data && buckets.data.length > 0 && (
        <>
          <div className="mb-4 flex">
            <SearchField label="Search buckets" value={q ?? ''} onChange={search} />
          </div>
          {shown.length === 0 ? (
            <Empty
              title="No bucket is called that"
              actions={<Button onClick={() => search('')}>Clear the search</Button>}
            >
              There are {buckets.data.length} others.
            </Empty>
          ) : (
            <Table label="Buckets" columns={columns} rows={shown} keyOf={bucket => bucket.id} />
          )}
        </>
      )}
      {isNew && isAdmin && <BucketForm onClose={() => setNew(undefined)} />}
      {asked?.what === 'edit' && <BucketForm bucket={asked.bucket} onClose={() => setAsked(undefined)} />}
      {asked?.what === 'delete' && (
        <ConfirmDialog
          title={`Delete the bucket ${asked.bucket.name}?`}
          typeName={asked.bucket.name}
          action="Delete bucket"
          busy="Deleting…"
          onClose={() => setAsked(undefined)}
          onConfirm={() => remove.mutateAsync(asked.bucket.name)}
        >
          All files in it go with it, of every user, and links to them end. This cannot be undone.
        </ConfirmDialog>
      )}
    </Page>
  )
}

function columnsFor(isAdmin: boolean, ask: (asked: Asked) => void): Column<Bucket>[] {
  const actions: Column<Bucket>[] = [
    {
      title: 'Actions',
      width: '5.5rem',
      cell: bucket => (
        <>
          <IconButton label={`Edit ${bucket.name}`} onClick={() => ask({ what: 'edit', bucket })}>
            <Pencil className="size-4" />
          </IconButton>
          <IconButton label={`Delete ${bucket.name}`} onClick={() => ask({ what: 'delete', bucket })}>
            <Trash2 className="size-4" />
          </IconButton>
        </>
      ),
    },
  ]
  return [
    {
      title: 'Bucket',
      width: 'minmax(8rem,1.5fr)',
      cell: bucket => (
        <Link to="/files/$bucket" params={{ bucket: bucket.name }} className={rowLink}>
          {bucket.name}
        </Link>
      ),
    },
    { title: 'Readers', width: 'minmax(8rem,1fr)', cell: bucket => <Readers bucket={bucket} /> },
    {
      title: 'Folders',
      width: 'minmax(9rem,1fr)',
      cell: bucket => (bucket.open_folders ? 'shared by all users' : 'one for each user'),
    },
    {
      title: 'File size up to',
      width: '7.5rem',
      numeric: true,
      cell: bucket =>
        bucket.file_size_limit === null ? (
          <span className="text-quiet">server's limit</span>
        ) : (
          bytes(bucket.file_size_limit)
        ),
    },
    {
      title: 'Types',
      width: 'minmax(6rem,1fr)',
      cell: bucket => bucket.allowed_mime_types?.join(', ') ?? <span className="text-quiet">all</span>,
    },
    { title: 'Changed', width: '7rem', cell: bucket => <Ago at={bucket.updated_at} /> },
    ...(isAdmin ? actions : []),
  ]
}

export function Readers({ bucket }: { bucket: Bucket }): ReactElement {
  const Icon = bucket.public ? Globe : Lock
  return (
    <span className="inline-flex items-center gap-1.5">
      <Icon aria-hidden="true" className="size-3.5 text-quiet" />
      {bucket.public ? 'public' : 'private'}
    </span>
  )
}
