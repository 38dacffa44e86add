import type { FileEntry } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import { type ReactElement, useCallback } from 'react'
import { useIsAdmin, useMe } from '../../app/me.ts'
import { useApi, useApiPages } from '../../app/use-api.ts'
import { CodeBlock } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { DropZone } from '../../ui/drop-zone.tsx'
import { bytes, counted } from '../../ui/format.ts'
import { LeaveDialog } from '../../ui/leave-dialog.tsx'
import { Empty, Page, Section, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { useSelection } from '../../ui/use-selection.ts'
import { Readers } from './buckets-page.tsx'
import { EntriesTable } from './entries-table.tsx'
import { FolderBar } from './folder-bar.tsx'
import { ObjectDrawer } from './object-drawer.tsx'
import { lastPart, mostAtOnce, nameIn, supabaseSnippet } from './places.ts'
import { UploadList } from './upload-list.tsx'
import { useUploads } from './use-uploads.ts'

const route = getRouteApi('/app/files/$bucket')
const crumbs = [{ label: 'Files', link: { to: '/files' } }] as const
const orders = {
  name: { column: 'name', order: 'asc' },
  newest: { column: 'updated_at', order: 'desc' },
  oldest: { column: 'updated_at', order: 'asc' },
} as const

export function BucketPage(): ReactElement {
  const { bucket: name } = route.useParams()
  const { folder: asked, q = '', open, sort = 'name' } = route.useSearch()
  const navigate = route.useNavigate()
  const me = useMe()
  const isAdmin = useIsAdmin()
  const bucket = useApi(['files', 'bucket', name], (client, options) =>
    client.files.buckets.get(name, options),
  )
  // Where each has a folder of their own, there is nothing to be seen above it.
  const home = isAdmin || bucket.data?.open_folders ? '' : (me.id ?? '')
  const folder = asked ?? home
  const entries = useApiPages<FileEntry>(
    ['files', name, folder, q, sort],
    async (client, { cursor, ...options }) => {
      const offset = Number(cursor ?? 0)
      const data = await client.files
        .from(name)
        .list(folder, { ...options, limit: mostAtOnce, offset, search: q, sortBy: orders[sort] })
      return { data, next_cursor: data.length < mostAtOnce ? null : String(offset + data.length) }
    },
    { enabled: bucket.data !== undefined },
  )
  const uploads = useUploads(name)
  const selection = useSelection()
  const goTo = useCallback(
    (to: string) => {
      selection.clear()
      void navigate({ search: before => ({ sort: before.sort, folder: to || undefined }) })
    },
    [navigate, selection.clear],
  )
  const show = (object: string | undefined) =>
    void navigate({ search: before => ({ ...before, open: object }), replace: object === undefined })

  if (!bucket.data)
    return (
      <Page title={name} crumbs={crumbs}>
        {bucket.error ? (
          <ProblemNotice error={bucket.error} retry={() => void bucket.refetch()} />
        ) : (
          <Waiting what="the bucket" />
        )}
      </Page>
    )
  const { file_size_limit: limit, allowed_mime_types: types } = bucket.data
  const unsent = uploads.list.filter(({ state }) => state === 'sending' || state === 'waiting').length
  return (
    <Page
      title={name}
      crumbs={crumbs}
      facts={
        <span className="text-sm text-quiet">
          <Readers bucket={bucket.data} />
        </span>
      }
      about={`${bucket.data.open_folders ? 'Users share its folders.' : 'Each user has a folder of their own.'} Files ${limit === null ? "up to the server's limit" : `up to ${bytes(limit)}`}, ${types?.join(', ') ?? 'of all types'}.`}
      actions={<CopyAsCurl call={entries.call} />}
    >
      <div className="mb-5">
        <DropZone
          label="Choose files"
          multiple
          onFiles={files => uploads.add(files.map(file => ({ name: nameIn(folder, file.name), file })))}
        >
          <p>
            They go to <code className="font-mono [overflow-wrap:anywhere]">{nameIn(name, folder)}</code>.
            Large ones go in parts and outlive a lost connection.
          </p>
        </DropZone>
        <UploadList uploads={uploads} />
        <LeaveDialog title="Leave before all is sent?" isUnsaved={unsent > 0}>
          {unsent === 0
            ? 'All files are there now.'
            : `${counted(unsent, 'file')} would not be sent. Stay until they are there, or leave without them.`}
        </LeaveDialog>
      </div>
      <FolderBar
        bucket={name}
        folder={folder}
        home={home}
        entries={entries.items}
        selection={selection}
        onFolder={goTo}
      />
      {entries.error && <ProblemNotice error={entries.error} retry={entries.refetch} />}
      {entries.isPending && <Waiting what="the files" />}
      {!entries.isPending && !entries.error && entries.items.length === 0 && (
        <Empty title={q === '' ? 'Nothing here yet' : 'No name begins like that'}>
          {q === ''
            ? 'A folder comes to be with its first file: drop one above.'
            : `In this folder no file or folder begins with “${q}”.`}
        </Empty>
      )}
      {entries.items.length > 0 && (
        <EntriesTable
          entries={entries}
          selection={selection}
          onFolder={one => goTo(nameIn(folder, one))}
          onFile={show}
        />
      )}
      <div className="mt-8">
        <Section
          title="From a program"
          about="The wire format is Supabase Storage's: its clients work unchanged."
        >
          <CodeBlock
            label="The bucket with supabase-js"
            code={supabaseSnippet(location.origin, name, folder)}
          />
        </Section>
      </div>
      {open !== undefined && (
        <ObjectDrawer
          key={open}
          bucket={bucket.data}
          name={nameIn(folder, open)}
          onMoved={to => (to === undefined ? show(undefined) : show(lastPart(to)))}
          onClose={() => show(undefined)}
        />
      )}
    </Page>
  )
}
