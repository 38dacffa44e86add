import type { Plan } from '@roundhouse/sdk'
import { type ReactElement, useState } from 'react'
import { useApiChange } from '../../app/use-api.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAsCurl } from '../../ui/copy-as-curl.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { bytes } from '../../ui/format.ts'
import { NumberField } from '../../ui/number-field.tsx'
import { ProblemNotice } from '../../ui/problem.tsx'
import { toast } from '../../ui/toast.ts'
import { changedLimits, planLimits } from './plan-words.ts'

/** The limits of a plan as fields; one that is empty is no limit. */
export function PlanDialog({ plan, onClose }: { plan: Plan; onClose: () => void }): ReactElement {
  const [wanted, setWanted] = useState(plan)
  const changed = changedLimits(plan, wanted)
  const change = useApiChange(
    client => client.admin.plans.update(plan.name, changed),
    ['plans', 'audit', 'me'],
  )
  return (
    <Dialog title={`Plan ${plan.name}`} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={event => {
          event.preventDefault()
          change.mutate(undefined, {
            onSuccess() {
              void toast(`The plan ${plan.name} is changed.`)
              onClose()
            },
          })
        }}
      >
        <div className="grid gap-4 sm:grid-cols-2">
          {planLimits.map(({ name, label, unit, mayBeNone, hint }) => {
            const value = wanted[name]
            const size = unit === 'bytes' && value !== null ? bytes(value) : undefined
            const said = hint ?? size
            return (
              <NumberField
                key={name}
                label={label}
                value={value}
                min={mayBeNone ? 1 : 0}
                step={1}
                placeholder={mayBeNone ? 'no limit' : '0'}
                {...(said !== undefined && { hint: said })}
                onChange={number =>
                  setWanted(before => ({ ...before, [name]: mayBeNone ? number : (number ?? 0) }))
                }
              />
            )
          })}
        </div>
        <p className="text-[13px] text-quiet">
          An empty field is no limit. What users have already stays, also where it is more than the new limit.
        </p>
        {change.error && <ProblemNotice error={change.error} />}
        <div className="flex flex-wrap items-center justify-end gap-2">
          <CopyAsCurl call={client => client.admin.plans.update(plan.name, changed)} />
          <Button className="ml-auto" onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="primary"
            type="submit"
            busy={change.isPending && 'Saving…'}
            refused={Object.keys(changed).length === 0 && 'Nothing is changed yet.'}
          >
            Save plan
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
