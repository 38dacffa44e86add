import { useNavigate } from '@tanstack/react-router'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../../app/use-api.ts'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { TextField } from '../../../ui/field.tsx'
import { ProblemNotice } from '../../../ui/problem.tsx'
import { copyOf, type Draft } from './draft.ts'

export function DuplicateAgent({ draft, onClose }: { draft: Draft; onClose: () => void }): ReactElement {
  const [name, setName] = useState(`${draft.name} copy`)
  const navigate = useNavigate()
  const create = useApiChange(
    (client, chosen: string) => client.agents.create(copyOf(draft, chosen)),
    ['agents'],
  )
  return (
    <Dialog title={`Duplicate ${draft.name}`} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          create.mutate(name, {
            onSuccess: made => {
              onClose()
              void navigate({ to: '/agents/$id/build', params: { id: made.id } })
            },
          })
        }}
      >
        <p className="text-sm text-quiet">
          A new agent of yours with this draft, as it is here. It is private and not published.
        </p>
        <TextField
          label="Name"
          value={name}
          onChange={event => setName(event.target.value)}
          required
          autoFocus
        />
        {create.error && <ProblemNotice error={create.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            busy={create.isPending && 'Making it…'}
            refused={name.trim() === '' && 'It needs a name.'}
          >
            Make the copy
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
