import type { CreatedInvitation, Role } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CodeBlock } from '../../ui/copy.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { Notice } from '../../ui/state.tsx'
import { Ago } from '../../ui/time.tsx'

/** Makes an invitation, then shows its link this once. */
export function InviteDialog({ onClose }: { onClose: () => void }): ReactElement {
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('member')
  const [made, setMade] = useState<CreatedInvitation>()
  const invite = useApiChange(
    client => client.admin.invitations.create({ email, role }),
    ['invitations', 'audit'],
  )
  if (made)
    return (
      <Dialog title={`Invitation for ${made.email}`} onClose={onClose}>
        <div className="grid gap-4">
          <Notice tone="warn">Hand this link over now: it is not shown again, and nothing is sent.</Notice>
          <CodeBlock label="link" code={made.url} />
          <p className="text-[13px] text-quiet">
            It can be used once, and expires <Ago at={made.expires_at} />.
          </p>
          <div className="flex justify-end">
            <Button look="primary" onClick={onClose}>
              I have copied it
            </Button>
          </div>
        </div>
      </Dialog>
    )
  return (
    <Dialog title="Invite someone" onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          invite.mutate(undefined, { onSuccess: setMade })
        }}
      >
        <TextField
          label="E-mail address"
          data-autofocus
          type="email"
          value={email}
          onChange={event => setEmail(event.target.value)}
          autoComplete="off"
          hint="With this address they will sign in."
        />
        <SelectField
          label="Becomes"
          value={role}
          onChange={event => setRole(event.target.value === 'admin' ? 'admin' : 'member')}
          hint={
            role === 'admin'
              ? 'Sees and changes everything, users and secrets too.'
              : 'Sees what is theirs, and what others share.'
          }
        >
          <option value="member">A member</option>
          <option value="admin">An administrator</option>
        </SelectField>
        {invite.error && <ProblemNotice error={invite.error} />}
        <div className="flex flex-wrap items-center justify-end gap-2">
          <CopyAsCurl call={client => client.admin.invitations.create({ email, role })} />
          <Button className="ml-auto" onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="primary"
            type="submit"
            busy={invite.isPending && 'Inviting…'}
            refused={email.trim() === '' && 'Give the address first.'}
          >
            Make the invitation
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
