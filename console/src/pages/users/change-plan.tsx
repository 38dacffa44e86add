import type { User } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApi, useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Waiting } from '../../ui/page.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { planInWords } from './plan-words.ts'

/** Which plan a user has from now on. */
export function ChangePlan({ user, onClose }: { user: User; onClose: () => void }): ReactElement {
  const [plan, setPlan] = useState(user.plan)
  const plans = useApi(['plans'], (client, options) => client.admin.plans.list(options))
  const change = useApiChange(client => client.admin.users.update(user.id, { plan }), ['users', 'audit'])
  return (
    <Dialog title={`Plan of ${user.name || user.email || user.id}`} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          change.mutate(undefined, { onSuccess: onClose })
        }}
      >
        {plans.isPending && <Waiting what="the plans" />}
        {plans.error && <ProblemNotice error={plans.error} retry={() => void plans.refetch()} />}
        <fieldset className="grid gap-2">
          <legend className="sr-only">Plan</legend>
          {plans.data?.data.map(one => (
            <label
              key={one.name}
              className="grid cursor-pointer grid-cols-[auto_1fr] gap-x-2.5 rounded-lg border border-line px-3 py-2.5 has-checked:border-accent has-checked:bg-wash"
            >
              <input
                type="radio"
                name="plan"
                value={one.name}
                checked={one.name === plan}
                onChange={() => setPlan(one.name)}
                className="mt-0.5 size-4 accent-accent"
              />
              <span className="text-sm font-medium">{one.name}</span>
              <span className="col-start-2 text-[13px] text-quiet">{planInWords(one)}</span>
            </label>
          ))}
        </fieldset>
        <p className="text-[13px] text-quiet">
          The limits count at once, the balance stays. Credits of the month come with the next month.
        </p>
        {change.error && <ProblemNotice error={change.error} />}
        <div className="flex flex-wrap items-center justify-end gap-2">
          <CopyAsCurl call={client => client.admin.users.update(user.id, { plan })} />
          <Button className="ml-auto" onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="primary"
            type="submit"
            busy={change.isPending && 'Saving…'}
            refused={plan === user.plan && `They have the plan ${plan} now.`}
          >
            Change plan
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
