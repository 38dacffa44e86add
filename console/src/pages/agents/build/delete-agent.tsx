import type { Agent } from '@roundhouse/sdk'
import { useNavigate } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useApiChange } from '../../../app/use-api.ts'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { toast } from '../../../ui/toast.ts'

export function DeleteAgent({
  agent,
  onDelete,
  onClose,
}: {
  agent: Agent
  /** Before the page is left: nothing here is worth keeping any more. */
  onDelete: () => void
  onClose: () => void
}): ReactElement {
  const navigate = useNavigate()
  const remove = useApiChange((client, id: string) => client.agents.remove(id), ['runs'])
  return (
    <ConfirmDialog
      title={`Delete ${agent.name}?`}
      action="Delete agent"
      busy="Deleting…"
      typeName={agent.name}
      onClose={onClose}
      onConfirm={async () => {
        await remove.mutateAsync(agent.id)
        onDelete()
        await navigate({ to: '/agents', ignoreBlocker: true })
        void toast(`${agent.name} is deleted.`)
      }}
    >
      Its versions, threads and widget keys go with it, and its page /a/{agent.slug} answers nobody any more.
      Its runs stay. This cannot be undone.
    </ConfirmDialog>
  )
}
