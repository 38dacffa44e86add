import type { User } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { count, credits } from '../../ui/format.ts'
import { NumberField } from '../../ui/number-field.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { toast } from '../../ui/toast.ts'

const directions = [
  { name: 'give', label: 'Give' },
  { name: 'take', label: 'Take back' },
] as const

/** Gives credits, or takes back what is neither spent nor held; the reason stands in the ledger and in the audit log. */
export function GrantDialog({ user, onClose }: { user: User; onClose: () => void }): ReactElement {
  const [direction, setDirection] = useState<'give' | 'take'>('give')
  const [amount, setAmount] = useState<number | null>(null)
  const [reason, setReason] = useState('')
  const grant = { amount: (amount ?? 0) * (direction === 'give' ? 1 : -1), reason: reason.trim() }
  const change = useApiChange(
    client => client.admin.users.grantCredits(user.id, grant),
    ['credits', 'users', 'audit'],
  )
  const name = user.name || user.email || user.id
  const refused =
    amount === null || amount < 1 || !Number.isInteger(amount)
      ? 'Say how many first: a whole number.'
      : grant.reason === '' && 'Say why first.'
  return (
    <Dialog title={`Credits of ${name}`} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          change.mutate(undefined, {
            onSuccess({ balance }) {
              void toast(`${name} has ${credits(balance)} now.`)
              onClose()
            },
          })
        }}
      >
        <fieldset className="flex gap-4">
          <legend className="sr-only">Give or take back</legend>
          {directions.map(one => (
            <label key={one.name} className="flex items-center gap-2 text-sm">
              <input
                type="radio"
                name="direction"
                checked={direction === one.name}
                onChange={() => setDirection(one.name)}
                className="size-4 accent-accent"
              />
              {one.label}
            </label>
          ))}
        </fieldset>
        <NumberField
          label="Credits"
          data-autofocus
          value={amount}
          onChange={setAmount}
          min={1}
          max={1_000_000_000}
          step={1}
          hint={`${name} has ${count(user.credits)} now. No more can be taken back than is neither spent nor held.`}
        />
        <TextField
          label="Reason"
          hint="Stands in the user’s ledger and in the audit log."
          value={reason}
          onChange={event => setReason(event.target.value)}
          maxLength={200}
        />
        {change.error && <ProblemNotice error={change.error} />}
        <div className="flex flex-wrap items-center justify-end gap-2">
          <CopyAsCurl call={client => client.admin.users.grantCredits(user.id, grant)} />
          <Button className="ml-auto" onClick={onClose}>
            Cancel
          </Button>
          <Button look="primary" type="submit" busy={change.isPending && 'Booking…'} refused={refused}>
            {direction === 'give' ? 'Give credits' : 'Take back credits'}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
