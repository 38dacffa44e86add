import type { Secret } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextArea, TextField } from '../../ui/field.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { toast } from '../../ui/toast.ts'

/** Writes a secret, or a new value of one; nothing of it is shown afterwards. */
export function SecretDialog({
  existing,
  taken,
  onClose,
}: {
  existing: Secret | undefined
  taken: readonly string[]
  onClose: () => void
}): ReactElement {
  const [name, setName] = useState(existing?.name ?? '')
  const [value, setValue] = useState('')
  const [hosts, setHosts] = useState(existing?.hosts.join('\n') ?? '')
  const hostList = hosts.split(/[\s,]+/).filter(host => host !== '')
  const put = useApiChange(
    client => client.admin.secrets.put(name, value, { hosts: hostList }),
    ['secrets', 'audit'],
  )
  const refused = !/^[A-Za-z][A-Za-z0-9._-]{0,127}$/.test(name)
    ? 'Give it a name first: letters, digits, dots, underscores and hyphens.'
    : !existing && taken.includes(name)
      ? `There is a secret ${name} already.`
      : value === '' && 'Give its value first.'
  return (
    <Dialog title={existing ? `New value of ${existing.name}` : 'Add a secret'} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          put.mutate(undefined, {
            onSuccess() {
              void toast(`The secret ${name} is set.`)
              onClose()
            },
          })
        }}
      >
        <TextField
          label="Name"
          data-autofocus={existing === undefined || undefined}
          value={name}
          readOnly={existing !== undefined}
          onChange={event => setName(event.target.value)}
          spellCheck={false}
          autoComplete="off"
          className="font-mono"
        />
        <TextField
          label="Value"
          data-autofocus={existing !== undefined || undefined}
          type="password"
          value={value}
          onChange={event => setValue(event.target.value)}
          autoComplete="new-password"
          hint="Kept encrypted, and never shown again."
          className="font-mono"
        />
        <TextArea
          label="Hosts"
          hint="Where tools of agents may send it, one per line: api.example.com. Empty: nowhere."
          rows={3}
          value={hosts}
          onChange={event => setHosts(event.target.value)}
          spellCheck={false}
          className="font-mono"
        />
        {put.error && <ProblemNotice error={put.error} />}
        <div className="flex flex-wrap items-center justify-end gap-2">
          <CopyAsCurl call={client => client.admin.secrets.put(name, '$SECRET_VALUE', { hosts: hostList })} />
          <Button className="ml-auto" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={put.isPending && 'Saving…'} refused={refused}>
            {existing ? 'Set the value' : 'Add secret'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
