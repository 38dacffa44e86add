import type { ApiKey } from '@roundhouse/sdk'
import type { ReactElement } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { toast } from '../../ui/toast.ts'

export function RevokeKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }): ReactElement {
  const revoke = useApiChange((client, id: string) => client.keys.revoke(id), ['keys'])
  return (
    <ConfirmDialog
      title={`Revoke ${apiKey.name}?`}
      action="Revoke key"
      busy="Revoking…"
      onConfirm={async () => {
        await revoke.mutateAsync(apiKey.id)
        void toast(`The key ${apiKey.name} is revoked.`)
      }}
      onClose={onClose}
    >
      Whatever uses <code className="font-mono">{apiKey.prefix}…</code> is refused on every replica within 5
      seconds. A revoked key cannot be brought back.
    </ConfirmDialog>
  )
}
