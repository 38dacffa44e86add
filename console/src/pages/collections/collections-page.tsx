import type { Collection } from '@roundhouse/sdk'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import type { ReactElement } from 'react'
import { useMe } from '../../app/me.ts'
import { useApiPages } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { count } from '../../ui/format.ts'
import { Empty, Page, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { SearchField } from '../../ui/search-field.tsx'
import { type Column, rowLink, Table } from '../../ui/table.tsx'
import { Ago } from '../../ui/time.tsx'
import { NewCollection } from './new-collection.tsx'

const route = getRouteApi('/app/collections')

export function CollectionsPage(): ReactElement {
  const { q = '', new: isNew } = route.useSearch()
  const navigate = route.useNavigate()
  const me = useMe()
  const collections = useApiPages(['collections'], (client, options) =>
    client.knowledge.list({ ...options, limit: 200 }),
  )
  const shown = collections.items.filter(({ name, description }) =>
    `${name} ${description ?? ''}`.toLowerCase().includes(q.toLowerCase()),
  )
  const setNew = (isOpen: boolean) =>
    void navigate({ search: ({ new: _before, ...rest }) => (isOpen ? { ...rest, new: true } : rest) })
  const add = (
    <Button look="primary" icon={<Plus className="size-4" />} onClick={() => setNew(true)}>
      New collection
    </Button>
  )
  const columns: Column<Collection>[] = [
    {
      title: 'Name',
      width: 'minmax(10rem,2fr)',
      cell: row => (
        <Link to="/collections/$id" params={{ id: row.id }} className={rowLink}>
          {row.name}
        </Link>
      ),
    },
    { title: 'Visibility', width: '7rem', cell: row => row.visibility },
    { title: 'Documents', width: '7rem', numeric: true, cell: row => count(row.documents) },
    { title: 'Passages', width: '7rem', numeric: true, cell: row => count(row.chunks) },
    {
      title: 'Embedding model',
      width: 'minmax(8rem,1fr)',
      cell: row => row.embedding_model ?? <span className="text-quiet">by words only</span>,
    },
    {
      title: 'Owner',
      width: '7rem',
      cell: row => (row.owner_id === null ? 'this server' : row.owner_id === me.id ? 'you' : 'another user'),
    },
    { title: 'Changed', width: '8rem', cell: row => <Ago at={row.updated_at} /> },
  ]
  return (
    <Page
      title="Knowledge"
      about="Collections of documents that agents search, by words and by meaning, with the place of each passage."
      actions={
        <>
          <CopyAsCurl call={collections.call} />
          {add}
        </>
      }
    >
      {collections.error && <ProblemNotice error={collections.error} retry={collections.refetch} />}
      {collections.isPending && <Waiting what="the collections" />}
      {!collections.isPending && !collections.error && collections.items.length === 0 && (
        <Empty title="No collections yet" actions={add}>
          Put your documents into a collection, and give it to an agent as a tool: it then answers from them,
          and cites where it found what.
        </Empty>
      )}
      {collections.items.length > 0 && (
        <div className="grid gap-4">
          <div className="flex">
            <SearchField
              label="Find a collection"
              value={q}
              onChange={words =>
                void navigate({
                  search: ({ q: _before, ...rest }) => (words === '' ? rest : { ...rest, q: words }),
                  replace: true,
                })
              }
            />
          </div>
          {shown.length === 0 ? (
            <Empty
              title="None of them matches"
              actions={
                <Link to="/collections" className="text-sm text-accent underline">
                  Show all collections
                </Link>
              }
            >
              No collection has “{q}” in its name or description.
            </Empty>
          ) : (
            <Table
              label="Collections"
              columns={columns}
              rows={shown}
              keyOf={row => row.id}
              hasMore={collections.hasMore}
              isLoadingMore={collections.isLoadingMore}
              onMore={collections.loadMore}
            />
          )}
        </div>
      )}
      {isNew && <NewCollection onClose={() => setNew(false)} />}
    </Page>
  )
}
