import type { ReactElement } from 'react'
import { CheckField, TextField } from '../../ui/field.tsx'
import type { ProviderDraft } from './provider-draft.ts'

type Props = {
  draft: ProviderDraft
  hasKey: boolean
  onChange: (change: Partial<ProviderDraft>) => void
}

/** Written and never read: what is typed goes to the server, encrypted there, and comes back to nobody. */
export function ProviderKey({ draft, hasKey, onChange }: Props): ReactElement {
  return (
    <div className="grid gap-2.5">
      <TextField
        label={hasKey ? 'New key' : 'Key'}
        type="password"
        data-autofocus
        value={draft.key}
        onChange={event => onChange({ key: event.target.value, dropKey: false })}
        autoComplete="new-password"
        placeholder={hasKey ? 'One is set. Leave this empty to keep it.' : ''}
        hint="Kept encrypted, and never shown again. Whoever changes the address’s host gives the key again."
        className="font-mono"
      />
      {hasKey && (
        <CheckField
          label="Remove the key that is set"
          checked={draft.dropKey}
          onChange={event => onChange({ dropKey: event.target.checked, key: '' })}
        />
      )}
    </div>
  )
}
