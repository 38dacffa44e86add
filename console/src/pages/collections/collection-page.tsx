import type { Collection } from '@roundhouse/sdk'
import { getRouteApi } from '@tanstack/react-router'
import { Settings2, Trash2 } from 'lucide-react'
import { type ReactElement, useState } from 'react'
import { useIsAdmin, useMe } from '../../app/me.ts'
import { useApi, useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { Identifier } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { count, counted } from '../../ui/format.ts'
import { Facts, Page, Stat, Stats, Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { State } from '../../ui/state.tsx'
import { Ago } from '../../ui/time.tsx'
import { CollectionForm } from './collection-form.tsx'
import { Documents } from './documents.tsx'
import { SearchCollection } from './search.tsx'

const route = getRouteApi('/app/collections/$id')
const crumbs = [{ label: 'Knowledge', link: { to: '/collections' } }] as const

export function CollectionPage(): ReactElement {
  const { id } = route.useParams()
  const collection = useApi(['collections', id], (client, options) => client.knowledge.get(id, options))
  if (collection.data) return <Loaded collection={collection.data} call={collection.call} />
  return (
    <Page title="Collection" crumbs={crumbs}>
      {collection.error ? (
        <ProblemNotice error={collection.error} retry={() => void collection.refetch()} />
      ) : (
        <Waiting what="the collection" />
      )}
    </Page>
  )
}

function Loaded({
  collection,
  call,
}: {
  collection: Collection
  call: Parameters<typeof CopyAsCurl>[0]['call']
}): ReactElement {
  const { id, name, owner_id, visibility } = collection
  const navigate = route.useNavigate()
  const isAdmin = useIsAdmin()
  const me = useMe()
  const mayChange = isAdmin || (owner_id !== null && owner_id === me.id)
  const refused = !mayChange && 'Only its owner and administrators may change it.'
  const [open, setOpen] = useState<'settings' | 'delete'>()
  const update = useApiChange(
    (client, change: Parameters<typeof client.knowledge.update>[1]) => client.knowledge.update(id, change),
    ['collections'],
  )
  const remove = useApiChange((client, one: string) => client.knowledge.remove(one), ['jobs'])
  const close = () => setOpen(undefined)
  return (
    <Page
      title={name}
      crumbs={crumbs}
      facts={
        <>
          <State tone="none">{visibility}</State>
          <Identifier value={id} label="collection id" />
        </>
      }
      about={collection.description ?? undefined}
      actions={
        <>
          <CopyAsCurl call={call} />
          <Button
            size="small"
            icon={<Settings2 className="size-3.5" />}
            refused={refused}
            onClick={() => setOpen('settings')}
          >
            Settings
          </Button>
          <Button
            size="small"
            look="danger"
            icon={<Trash2 className="size-3.5" />}
            refused={refused}
            onClick={() => setOpen('delete')}
          >
            Delete
          </Button>
        </>
      }
    >
      <Stats>
        <Stat label="Documents" value={count(collection.documents)} />
        <Stat label="Passages that are found" value={count(collection.chunks)} />
        <Stat
          label="Compared"
          value={collection.embedding_model === null ? 'by words' : 'by meaning'}
          hint={collection.embedding_model ?? 'no embedding model'}
        />
        <Stat
          label="Passage"
          value={`${count(collection.chunk_size)} characters`}
          hint={`repeats ${count(collection.chunk_overlap)}, ${collection.language}`}
        />
      </Stats>
      <div className="grid items-start gap-x-8 2xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Documents collection={collection} mayChange={mayChange} />
        <SearchCollection collection={collection} />
      </div>
      <Facts
        facts={[
          [
            'Owner',
            owner_id === null ? (
              'this server'
            ) : owner_id === me.id ? (
              'you'
            ) : (
              <Identifier key="owner" value={owner_id} label="user id" />
            ),
          ],
          ['Made', <Ago key="made" at={collection.created_at} />],
          ['Changed', <Ago key="changed" at={collection.updated_at} />],
        ]}
      />
      {open === 'settings' && (
        <Dialog title={`Settings of ${name}`} onClose={close} place="side">
          <CollectionForm
            collection={collection}
            action="Save settings"
            busy={update.isPending && 'Saving…'}
            error={update.error}
            onSubmit={values => update.mutate(values, { onSuccess: close })}
            onClose={close}
          />
        </Dialog>
      )}
      {open === 'delete' && (
        <ConfirmDialog
          title={`Delete ${name}?`}
          action="Delete collection"
          busy="Deleting…"
          {...(collection.documents > 0 && { typeName: name })}
          onClose={close}
          onConfirm={async () => {
            await remove.mutateAsync(id)
            await navigate({ to: '/collections' })
          }}
        >
          {counted(collection.documents, 'document')} and their files go with it. Agents that search it are
          told that it is not there. This cannot be undone.
        </ConfirmDialog>
      )}
    </Page>
  )
}
