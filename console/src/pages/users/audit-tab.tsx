import type { AuditEntry } from '@roundhouse/sdk'
import { getRouteApi, Link } from '@tanstack/react-router'
import { type ReactElement, useCallback } from 'react'
import { useApiPages } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { SelectField } from '../../ui/field.tsx'
import { Empty, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { UserName } from '../../ui/user-name.tsx'
import { AuditDrawer } from './audit-drawer.tsx'
import { actInWords, acts } from './audit-words.ts'

const route = getRouteApi('/app/users/audit')
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/** Everything administrators did, in a chain in which no entry can be changed unseen. */
export function AuditTab(): ReactElement {
  const { target, actor, action, open } = route.useSearch()
  const navigate = route.useNavigate()
  const actorId = actor !== undefined && uuid.test(actor) ? actor : undefined
  const entries = useApiPages(['audit', 'list', target, actorId, action], (client, options) =>
    client.admin.audit.list({
      ...options,
      ...(target !== undefined && { target: target.slice(0, 300) }),
      ...(actorId !== undefined && { actor_id: actorId }),
      ...(action !== undefined && { action }),
    }),
  )
  const ofTarget = useCallback(
    (text: string) =>
      void navigate({ search: before => ({ ...before, target: text.trim() || undefined }), replace: true }),
    [navigate],
  )
  const isFiltered = target !== undefined || actorId !== undefined || action !== undefined
  const clear = () => void navigate({ search: {}, replace: true })
  const shown = entries.items.find(entry => entry.seq === open)
  return (
    <>
      <div className="mb-4 flex flex-wrap items-end gap-3">
        <div className="flex w-full sm:w-auto sm:flex-1">
          <SearchField
            label="What it was done to"
            placeholder="Id or name of what it was done to"
            value={target ?? ''}
            onChange={ofTarget}
          />
        </div>
        <SelectField
          label="Act"
          value={action ?? ''}
          onChange={({ target: chosen }) =>
            void navigate({
              search: before => ({ ...before, action: chosen.value || undefined }),
              replace: true,
            })
          }
        >
          <option value="">All acts</option>
          {Object.entries(acts).map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </SelectField>
        {actorId !== undefined && (
          <p className="pb-2 text-sm">
            By <UserName id={actorId} />
          </p>
        )}
        {isFiltered && (
          <Button look="quiet" onClick={clear}>
            Clear the filter
          </Button>
        )}
        <div className="ml-auto">
          <CopyAsCurl call={entries.call} />
        </div>
      </div>
      {entries.error && <ProblemNotice error={entries.error} retry={entries.refetch} />}
      {entries.isPending && <Waiting what="the audit log" />}
      {!entries.isPending && !entries.error && entries.items.length === 0 && (
        <Empty
          title={isFiltered ? 'No act is like that' : 'Nothing was done yet'}
          actions={isFiltered && <Button onClick={clear}>Clear the filter</Button>}
        >
          Whatever administrators change, and whatever is done to things of others, stands here. Each entry
          holds the hash of the one before it: <code className="font-mono">roundhouse doctor</code> finds one
          that was changed or taken out.
        </Empty>
      )}
      {entries.items.length > 0 && (
        <Table
          label="Acts"
          columns={columns}
          rows={entries.items}
          keyOf={entry => String(entry.seq)}
          hasMore={entries.hasMore}
          isLoadingMore={entries.isLoadingMore}
          onMore={entries.loadMore}
        />
      )}
      {shown && (
        <AuditDrawer
          entry={shown}
          onClose={() => void navigate({ search: ({ open: _open, ...before }) => before, replace: true })}
        />
      )}
    </>
  )
}

const columns: Column<AuditEntry>[] = [
  {
    title: 'What was done',
    width: 'minmax(10rem,1.5fr)',
    cell: entry => (
      <Link
        from="/users/audit"
        to="/users/audit"
        search={before => ({ ...before, open: entry.seq })}
        className={rowLink}
      >
        {actInWords(entry)}
      </Link>
    ),
  },
  {
    title: 'To',
    width: 'minmax(10rem,1.5fr)',
    cell: entry => <code className="font-mono text-[13px] text-quiet">{entry.target}</code>,
  },
  { title: 'By', width: 'minmax(7rem,1fr)', cell: entry => <Actor entry={entry} /> },
  {
    title: 'From',
    width: '9rem',
    cell: entry => entry.ip ?? <span className="text-quiet">command line</span>,
  },
  { title: 'When', width: '8rem', cell: entry => <Ago at={entry.at} /> },
]

function Actor({ entry }: { entry: AuditEntry }): ReactElement {
  if (entry.actor_id === null) return <span className="text-quiet">{entry.actor}</span>
  return <UserName id={entry.actor_id} />
}
