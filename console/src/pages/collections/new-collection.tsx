import type { CreateCollection } from '@roundhouse/sdk'
import { useNavigate } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { CollectionForm } from './collection-form.tsx'

export function NewCollection({ onClose }: { onClose: () => void }): ReactElement {
  const navigate = useNavigate()
  const create = useApiChange(
    (client, collection: CreateCollection) => client.knowledge.create(collection),
    ['collections'],
  )
  return (
    <Dialog title="New collection" onClose={onClose} wide>
      <CollectionForm
        collection={undefined}
        action="Make the collection"
        busy={create.isPending && 'Making it…'}
        error={create.error}
        onSubmit={values =>
          create.mutate(values, {
            onSuccess: made => void navigate({ to: '/collections/$id', params: { id: made.id } }),
          })
        }
        onClose={onClose}
      />
    </Dialog>
  )
}
