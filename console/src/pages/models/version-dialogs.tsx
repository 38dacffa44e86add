import type { Model } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { counted } from '../../ui/format.ts'
import { toast } from '../../ui/toast.ts'
import { type Family, newerReady } from './families.ts'

/** Archives what is newer, the oldest of it first, so that calls go to no other version in between. */
export function RollBack({
  family,
  model,
  onClose,
}: {
  family: Family
  model: Model
  onClose: () => void
}): ReactElement {
  const newer = newerReady(family, model)
  const rollBack = useApiChange(
    async (client, ids: string[]) => {
      for (const id of ids) await client.models.update(id, { status: 'archived' })
    },
    ['models'],
  )
  return (
    <ConfirmDialog
      title={`Roll back ${model.name} to version ${model.version}`}
      action="Roll back"
      busy="Rolling back…"
      onClose={onClose}
      onConfirm={async () => {
        await rollBack.mutateAsync(newer.toReversed().map(({ id }) => id))
        void toast(`Version ${model.version} of ${model.name} serves again.`)
      }}
    >
      {newer.length === 1 ? 'Version' : counted(newer.length, 'version')}{' '}
      {newer.map(({ version }) => version).join(', ')} {newer.length === 1 ? 'is' : 'are'} archived, so calls
      of {model.name} go to {model.version}. Nothing is deleted: “Bring back” undoes it.
    </ConfirmDialog>
  )
}

export function DeleteVersion({
  model,
  onClose,
  onDeleted,
}: {
  model: Model
  onClose: () => void
  onDeleted?: () => Promise<unknown>
}): ReactElement {
  const remove = useApiChange(
    async (client, id: string) => {
      await client.models.remove(id)
      await onDeleted?.()
    },
    ['models'],
  )
  return (
    <ConfirmDialog
      title={`Delete version ${model.version} of ${model.name}`}
      action="Delete version"
      busy="Deleting…"
      typeName={model.name}
      onClose={onClose}
      onConfirm={async () => {
        await remove.mutateAsync(model.id)
        void toast(`Version ${model.version} of ${model.name} is deleted.`)
      }}
    >
      Its file and the history of its predictions are deleted too, and cannot be brought back. Other versions
      of {model.name} stay.
    </ConfirmDialog>
  )
}
