import type { ApiKey, CreatedKey, Scope } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { CheckField, SelectField, TextField } from '../../ui/field.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { KeyShown } from './key-shown.tsx'
import { expiry, lifetimes, scopes, usualScopes } from './scope-words.ts'

/** Makes a key, perhaps like another one, then shows it this once. */
export function NewKeyDialog({
  like,
  onClose,
}: {
  like: ApiKey | undefined
  onClose: () => void
}): ReactElement {
  const [made, setMade] = useState<CreatedKey>()
  return (
    <Dialog title={made ? 'Your new key' : 'Create an API key'} onClose={onClose}>
      {made ? (
        <KeyShown made={made} onClose={onClose} />
      ) : (
        <NewKeyForm like={like} onMade={setMade} onClose={onClose} />
      )}
    </Dialog>
  )
}

function NewKeyForm({
  like,
  onMade,
  onClose,
}: {
  like: ApiKey | undefined
  onMade: (key: CreatedKey) => void
  onClose: () => void
}): ReactElement {
  const [name, setName] = useState(like?.name ?? '')
  const [chosen, setChosen] = useState<readonly Scope[]>(like?.scopes ?? usualScopes)
  const [days, setDays] = useState('90')
  const body = () => ({ name, scopes: [...chosen], expires_at: expiry(days, Date.now()) })
  const create = useApiChange(client => client.keys.create(body()), ['keys'])
  const toggle = (scope: Scope) =>
    setChosen(before => (before.includes(scope) ? before.filter(one => one !== scope) : [...before, scope]))
  const refused =
    name.trim() === '' ? 'Give it a name first.' : chosen.length === 0 && 'Choose what it may do first.'

  return (
    <form
      className="grid gap-4"
      onSubmit={event => {
        event.preventDefault()
        create.mutate(undefined, { onSuccess: onMade })
      }}
    >
      <TextField
        label="Name"
        hint="Where it is used: nightly import, laptop, website."
        value={name}
        onChange={event => setName(event.target.value)}
        maxLength={100}
        data-autofocus
      />
      <fieldset className="grid gap-2.5">
        <legend className="mb-1.5 text-[13px] font-medium">It may</legend>
        {scopes.map(({ scope, label, hint }) => (
          <CheckField
            key={scope}
            label={label}
            hint={hint}
            checked={chosen.includes(scope)}
            onChange={() => toggle(scope)}
          />
        ))}
      </fieldset>
      <SelectField label="It ends" value={days} onChange={event => setDays(event.target.value)}>
        {lifetimes.map(lifetime => (
          <option key={lifetime.name} value={lifetime.name}>
            {lifetime.name === '' ? lifetime.label : `In ${lifetime.label}`}
          </option>
        ))}
      </SelectField>
      {create.error && <ProblemNotice error={create.error} />}
      <div className="flex flex-wrap items-center justify-end gap-2">
        <CopyAsCurl call={client => client.keys.create(body())} />
        <Button className="ml-auto" onClick={onClose}>
          Cancel
        </Button>
        <Button look="primary" type="submit" busy={create.isPending && 'Creating…'} refused={refused}>
          Create key
        </Button>
      </div>
    </form>
  )
}
